import type { SessionId } from "../ids.ts";
import type { Json } from "../json.ts";
import {
  isProcessEnd,
  type ProcessEnd,
  type ProcessEvent,
  type ProcessOwner,
  type ProcessRegistration,
} from "./process-event.ts";

export type ProcessStatus = "registered" | "running" | ProcessEnd["type"];

/**
 * What is known of a process: the fold of its log and nothing else. Bounded by what was declared and granted: payloads, steps and earlier
 * progress stay in the log.
 */
export interface ProcessRecord {
  readonly registration: ProcessRegistration;
  readonly status: ProcessStatus;
  /** Sessions that see it, in the order in which they were granted. They bound nothing: it lives without any. */
  readonly grants: readonly SessionId[];
  /** How often a node took it up to enter its body. */
  readonly attempts: number;
  /** Entered in a row without a step, a progress or a leaving in good order since. */
  readonly startsInARow: number;
  /** Who entered the body last. */
  readonly owner: ProcessOwner | null;
  /** How many signals of each declared name there are. */
  readonly signals: Readonly<Record<string, number>>;
  readonly cancel: { readonly origin: string; readonly reason?: string; readonly at: number } | null;
  /** The latest. */
  readonly progress: Json;
  readonly end: ProcessEnd | null;
  /** `seq` of the last event. */
  readonly head: number;
  readonly registeredAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** The record after one more event; null before the first. Trusts the log: what may be appended is decided by `decideProcessEvent`. */
export function applyProcessEvent(record: ProcessRecord | null, event: ProcessEvent): ProcessRecord {
  const { seq, at, body } = event;
  if (record === null) {
    if (body.type !== "registered") throw new RangeError("The log of a process begins with `registered`.");
    return {
      registration: body.registration,
      status: "registered",
      grants: [],
      attempts: 0,
      startsInARow: 0,
      owner: null,
      signals: Object.fromEntries(body.registration.signals.map(({ name }) => [name, 0])),
      cancel: null,
      progress: null,
      end: null,
      head: seq,
      registeredAt: at,
      startedAt: null,
      endedAt: null,
    };
  }
  return { ...record, ...change(record, event), head: seq };
}

function change(record: ProcessRecord, { body, at }: ProcessEvent): Partial<ProcessRecord> {
  if (isProcessEnd(body)) return { status: body.type, end: body, endedAt: at };
  switch (body.type) {
    case "registered":
      return {};
    case "grant_added":
      return { grants: [...without(record.grants, body.sessionId), body.sessionId] };
    case "grant_revoked":
      return { grants: without(record.grants, body.sessionId) };
    case "transferred":
      return { grants: [...without(record.grants, body.from, body.to), body.to] };
    case "started":
      return {
        status: "running",
        attempts: body.attempt,
        startsInARow: record.startsInARow + 1,
        owner: body.owner,
        startedAt: record.startedAt ?? at,
      };
    case "left":
    case "step_done":
      return { startsInARow: 0 };
    case "signal":
      return { signals: { ...record.signals, [body.name]: body.ordinal } };
    case "cancel_requested": {
      const { origin, reason } = body;
      return { cancel: { origin, ...(reason !== undefined && { reason }), at } };
    }
    case "progress":
      return { progress: body.value, startsInARow: 0 };
  }
}

function without(grants: readonly SessionId[], ...ids: readonly SessionId[]): readonly SessionId[] {
  return grants.filter((id) => !ids.includes(id));
}

/** The record of a whole log, or null for an empty one. */
export function foldProcess(events: readonly ProcessEvent[]): ProcessRecord | null {
  return events.reduce<ProcessRecord | null>(applyProcessEvent, null);
}
