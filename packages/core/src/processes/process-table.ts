import { canonicalJson } from "../encoding/canonical-json.ts";
import type { ProcessId } from "../ids.ts";
import { applyProcessEvent, type ProcessRecord } from "./fold.ts";
import {
  isProcessEnd,
  type ProcessEvent,
  type ProcessEventBody,
  type ProcessOwner,
  wakesTarget,
} from "./process-event.ts";

export type ProcessDecision =
  | { readonly type: "append"; readonly body: ProcessEventBody }
  /** It is so already. */
  | { readonly type: "nothing" }
  | { readonly type: "refuse"; readonly code: string; readonly message: string };

/**
 * The one table of what may enter the log of a process, which every store follows. `writer` is the owner whose fence was checked, or
 * null for everybody else.
 *
 *     record     event                                    ->
 *     absent     registered                               append
 *     absent     any other                                refuse `process_unknown`
 *     any        registered, the same                     nothing
 *     any        registered, another                      refuse `store_conflict`
 *     any        grant that is there, revoke or transfer of one that is not   nothing
 *     ended      any other but grants                     refuse `process_ended`
 *     open       signal that was not declared             refuse `process_signal_invalid`
 *     open       second cancel request                    nothing
 *     open       what only an owner says, by others       refuse `process_not_owner`
 *     open       abandoned without fitting evidence       refuse `process_evidence_missing`
 */
export function decideProcessEvent(
  record: ProcessRecord | null,
  body: ProcessEventBody,
  writer: ProcessOwner | null,
): ProcessDecision {
  if (record === null) {
    if (body.type === "registered") return append(body);
    return refuse("process_unknown", "There is no such background task: check its id.");
  }
  switch (body.type) {
    case "registered":
      return canonicalJson(body.registration) === canonicalJson(record.registration)
        ? NOTHING
        : refuse("store_conflict", "This id belongs to another background task: use a new one.");
    case "grant_added":
      return record.grants.includes(body.sessionId) ? NOTHING : append(body);
    case "grant_revoked":
      return record.grants.includes(body.sessionId) ? append(body) : NOTHING;
    case "transferred":
      return record.grants.includes(body.from) && body.from !== body.to ? append(body) : NOTHING;
    default:
      return decideOpen(record, body, writer);
  }
}

function decideOpen(
  record: ProcessRecord,
  body: ProcessEventBody,
  writer: ProcessOwner | null,
): ProcessDecision {
  if (record.end !== null) {
    return refuse("process_ended", `This background task has ended as ${record.end.type}: start another.`);
  }
  if (body.type === "signal") {
    const count = Object.hasOwn(record.signals, body.name) ? record.signals[body.name] : undefined;
    if (count === undefined) {
      const known = Object.keys(record.signals).join(", ") || "none";
      return refuse("process_signal_invalid", `It takes no signal "${body.name}"; it takes: ${known}.`);
    }
    return append({ ...body, ordinal: count + 1 });
  }
  if (body.type === "cancel_requested") return record.cancel === null ? append(body) : NOTHING;
  if (body.type === "abandoned") return decideAbandoned(record, body, writer);

  const external = record.registration.disposition === "external";
  if (external && writer === null && (isProcessEnd(body) || body.type === "progress")) return append(body);
  if (external || writer === null) {
    return refuse("process_not_owner", `Only who runs this background task may say \`${body.type}\`.`);
  }
  if (body.type === "started") {
    const bound = record.registration.disposition === "owner_bound" && record.owner !== null;
    if (bound) return refuse("process_not_owner", "It is bound to the owner that started it.");
    return append({ ...body, attempt: record.attempts + 1, owner: writer });
  }
  return sameOwner(record.owner, writer)
    ? append(body)
    : refuse("process_not_owner", "Its body was not entered by this node: append `started` first.");
}

function decideAbandoned(
  record: ProcessRecord,
  body: Extract<ProcessEventBody, { type: "abandoned" }>,
  writer: ProcessOwner | null,
): ProcessDecision {
  const { evidence } = body;
  const { disposition } = record.registration;
  const fits =
    evidence.type === "reported"
      ? disposition === "external" && writer === null
      : disposition === "owner_bound" &&
        writer !== null &&
        sameOwner(record.owner, evidence.owner) &&
        // A claim of another generation proves that the owner's is over; its own, that it speaks for itself.
        sameOwner(evidence.owner, writer) === (evidence.type === "owner_left");
  if (fits) return append(body);
  return refuse(
    "process_evidence_missing",
    "A background task is abandoned only when its owner is proven to be gone, leaves it, or its external owner reports it.",
  );
}

/**
 * True when nothing has to be decided before its body is entered: a claimer that has the body may say so in the claim. An owner-bound one is
 * entered once, so that its claimer first sees to it that it can; one that somebody wants to end may never begin.
 */
export function isEnteredAtClaim(
  { registration, end, cancel, startsInARow }: ProcessRecord,
  names: readonly string[],
  maxStartsInARow: number,
): boolean {
  return (
    registration.disposition === "rerunnable" &&
    names.includes(registration.name) &&
    end === null &&
    cancel === null &&
    startsInARow < maxStartsInARow
  );
}

function sameOwner(a: ProcessOwner | null, b: ProcessOwner | null): boolean {
  return a !== null && b !== null && a.nodeId === b.nodeId && a.generation === b.generation;
}

export type ProcessAppendPlan =
  | {
      readonly type: "append";
      readonly events: readonly ProcessEvent[];
      readonly record: ProcessRecord;
      readonly wakes: boolean;
    }
  | { readonly type: "nothing"; readonly record: ProcessRecord }
  | Extract<ProcessDecision, { type: "refuse" }>;

/** Decides about several events at once: all of them, or none. `at` is the store's time. */
export function planProcessAppend(
  processId: ProcessId,
  record: ProcessRecord | null,
  bodies: readonly ProcessEventBody[],
  writer: ProcessOwner | null,
  at: number,
): ProcessAppendPlan {
  let next = record;
  const events: ProcessEvent[] = [];
  for (const body of bodies) {
    if (body.type === "registered" && body.registration.processId !== processId) {
      return refuse("store_conflict", "A background task is registered under its own id.");
    }
    const decision: ProcessDecision = decideProcessEvent(next, body, writer);
    if (decision.type === "refuse") return decision;
    if (decision.type === "nothing") continue;
    const event: ProcessEvent = { processId, seq: (next?.head ?? 0) + 1, at, body: decision.body };
    events.push(event);
    next = applyProcessEvent(next, event);
  }
  if (next === null) throw new RangeError("Nothing was given to append.");
  if (events.length === 0) return { type: "nothing", record: next };
  return { type: "append", events, record: next, wakes: events.some(({ body }) => wakesTarget(body)) };
}

const NOTHING = { type: "nothing" } as const;

function append(body: ProcessEventBody): ProcessDecision {
  return { type: "append", body };
}

function refuse(code: string, message: string): Extract<ProcessDecision, { type: "refuse" }> {
  return { type: "refuse", code, message };
}
