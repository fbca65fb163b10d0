import { canonicalJson } from "../encoding/canonical-json.ts";
import { PawlError } from "../errors.ts";
import type { InputId, SessionId, TurnId } from "../ids.ts";
import type { Json } from "../json.ts";
import type { Delivery, InputContent } from "../ports/inbox.ts";
import type { InputPolicy } from "./input-policy.ts";
import { checkInputTransition, type InputState, isTerminalInput } from "./input-state.ts";

/** Why nobody works on an input any more although it was not consumed. */
export type AbandonReason =
  | "retired"
  | "reset"
  | "stopped"
  | "destroyed"
  | "cancelled"
  | "attempts_exhausted"
  | "never_executed";

/** How an input ended. */
export type InputOutcome =
  | { readonly type: "consumed" }
  | { readonly type: "superseded"; readonly by: InputId }
  | { readonly type: "coalesced"; readonly into: InputId }
  | { readonly type: "abandoned"; readonly reason: AbandonReason; readonly attempts?: number };

export interface InputTransition {
  /** Milliseconds since the epoch by the store's clock. */
  readonly at: number;
  readonly from: InputState;
  readonly to: InputState;
  readonly reason?: string;
}

/** Where an input comes from that nobody sent as it is. */
export type ReconstructionSource =
  | { readonly type: "projection"; readonly rule: string; readonly event: string }
  /** Joined from these, in order, and itself. */
  | { readonly type: "coalescing"; readonly inputs: readonly InputId[] };

/** `durable`: kept until it has ended, and after. The others may be lost with the process that would know them again. */
export type InputDurability = "durable" | "ephemeral" | "derived";

/** What is to be kept of an input. */
export interface NewInputState {
  readonly inputId: InputId;
  readonly sessionId: SessionId;
  readonly state: InputState;
  readonly delivery: Delivery;
  readonly policy: InputPolicy;
  /** Null until it has ended. */
  readonly outcome: InputOutcome | null;
  readonly durability: InputDurability;
  readonly idempotencyKey: string | null;
  /** How often a run took it. */
  readonly attempts: number;
  /** How often a run gave it back. */
  readonly recoveries: number;
  /** Changes of `state`, oldest first. */
  readonly history: readonly InputTransition[];
  readonly source: ReconstructionSource | null;
  readonly payload: InputContent;
  /** The turn that it began or entered. */
  readonly turnId: TurnId | null;
  /** The boundary that settled it. */
  readonly lastRunId: TurnId | null;
  readonly lastBoundarySequence: number | null;
}

/** Everything that a store knows of an input. */
export interface InputLedgerEntry extends NewInputState {
  /** Order of admission in its session, from 1. */
  readonly position: number;
  /** Milliseconds since the epoch by the store's clock. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Whether a run has it: then only the session's holder changes it. */
export function belongsToRun(state: InputState): boolean {
  return state === "staged" || state === "applied" || state === "applied_pending_consumption";
}

/**
 * Whether `next` may take the place of what is stored (null: nothing). Pure; every store asks it.
 *
 * @throws PawlError `input_transition_illegal`, `store_conflict` (of another session, ended, or a run has it and `held` is false; an end
 * without an outcome, or an outcome without an end)
 */
export function checkInputUpsert(stored: InputLedgerEntry | null, next: NewInputState, held: boolean): void {
  const { inputId } = next;
  const ends = isTerminalInput(next.state);
  if (ends !== (next.outcome !== null) || (ends && next.outcome?.type !== next.state)) {
    throw refused(`Input "${inputId}" is ${next.state}: its outcome must say the same.`);
  }
  if (stored !== null && stored.sessionId !== next.sessionId) {
    throw refused(`Input id "${inputId}" is taken.`);
  }
  if (stored !== null && isTerminalInput(stored.state)) {
    throw refused(`Input "${inputId}" is ${stored.state}: what has ended takes no more writes.`);
  }
  if (stored !== null && stored.state !== next.state) checkInputTransition(stored.state, next.state);
  if (!held && (belongsToRun(next.state) || (stored !== null && belongsToRun(stored.state)))) {
    throw refused(
      `Input "${inputId}" belongs to a run: only the holder of its session changes it. Pass the fence.`,
    );
  }
}

/** What a caller says of an input, and nothing else. */
export function inputStateOf(entry: NewInputState): NewInputState {
  const { inputId, sessionId, state, delivery, policy, outcome, durability, idempotencyKey } = entry;
  const { attempts, recoveries, history, source, payload, turnId, lastRunId, lastBoundarySequence } = entry;
  return {
    inputId,
    sessionId,
    state,
    delivery,
    policy,
    outcome,
    durability,
    idempotencyKey,
    attempts,
    recoveries,
    history,
    source,
    payload,
    turnId,
    lastRunId,
    lastBoundarySequence,
  };
}

/**
 * Whether storing this changes nothing: it is what is stored, or what was given to make it so, before the store kept up history and counts.
 */
export function isSameInputState(stored: InputLedgerEntry, given: NewInputState): boolean {
  const asked = canonicalJson(inputStateOf(given) as unknown as Json);
  const { history, attempts, recoveries, ...rest } = inputStateOf(stored);
  const last = history.at(-1);
  const before = {
    ...rest,
    history: history.slice(0, -1),
    attempts: attempts - (last?.to === "staged" ? 1 : 0),
    recoveries: recoveries - (last?.from === "staged" && last.to === "queued" ? 1 : 0),
  };
  return [{ ...rest, history, attempts, recoveries }, before].some(
    (state) => canonicalJson(state as unknown as Json) === asked,
  );
}

function refused(message: string): PawlError {
  return new PawlError("store_conflict", message);
}
