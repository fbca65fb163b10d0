import {
  acceptsInputs,
  checkInputUpsert,
  type InputLedgerEntry,
  inputId,
  inputStateOf,
  isSameInputState,
  isTerminalInput,
  type NewInputState,
  PawlError,
  sessionId,
  tombstoneOf,
} from "@pawl/core";
import type { InputRecord } from "@pawl/core/ports";
import { earliest, inputDueAt, noteNeed } from "./claim-policy.ts";
import type { MemoryContext } from "./context.ts";
import { conflict, sessionErased } from "./errors.ts";
import { frozenCopy, storableKey } from "./frozen-copy.ts";
import { addInput, changeInput } from "./input-rows.ts";
import { same } from "./job-batch.ts";
import { type LedgerRow, type MemoryState, newSession, type SessionRow, touch } from "./memory-state.ts";

/** Everything that is known of an input. */
export function ledgerEntry(state: MemoryState, input: InputRecord): InputLedgerEntry {
  const { queueKey: _queue, givenDigest: _given, ...facts } = state.ledger.get(input.inputId)!;
  const { inputId, sessionId, delivery, position, turnId, lastRunId, lastBoundarySequence } = input;
  return Object.freeze({
    ...facts,
    inputId,
    sessionId,
    delivery,
    position,
    turnId,
    lastRunId,
    lastBoundarySequence,
    state: input.state,
    idempotencyKey: input.idempotencyKey ?? null,
    payload: input.content,
    createdAt: input.acceptedAt,
  });
}

/** A session that drains takes nothing new either. @throws PawlError `session_not_accepting` */
export function checkAccepting({ sessionId, runtimeState, restState }: SessionRow): void {
  const effective = runtimeState === "running" && restState === "retired" ? restState : runtimeState;
  if (acceptsInputs(effective)) return;
  throw new PawlError(
    "session_not_accepting",
    `Session "${sessionId}" is ${effective} and takes no inputs: use another session.`,
  );
}

export interface UpsertPlan {
  readonly given: NewInputState;
  /** What stands there now, null for a new one; `isSame`: nothing is to be done. */
  readonly stored: InputRecord | null;
  readonly isSame: boolean;
}

/** Changes nothing. @throws PawlError as `Inbox.persistInputState` */
export function planUpsert(
  { state, bytesDigest }: MemoryContext,
  input: NewInputState,
  held: boolean,
): UpsertPlan {
  const given = inputStateOf(frozenCopy(input, "The input state"));
  sessionId(given.sessionId);
  inputId(given.inputId);
  const stored = state.inputs.get(given.inputId) ?? null;
  if (state.erased.has(tombstoneOf("session", given.sessionId, bytesDigest))) {
    throw sessionErased(given.sessionId);
  }
  if (state.tombstones.has(tombstoneOf("input", given.inputId, bytesDigest))) {
    throw conflict(`Input id "${given.inputId}" is taken.`);
  }
  const entry = stored && ledgerEntry(state, stored);
  const isSame = entry !== null && isSameInputState(entry, given);
  if (!isSame) checkInputUpsert(entry, given, held);
  const session = state.sessions.get(given.sessionId);
  if (stored === null && session !== undefined && !isTerminalInput(given.state)) checkAccepting(session);
  if (given.idempotencyKey !== null) {
    storableKey(given.idempotencyKey, "The idempotency key");
    const owner = session?.keys.get(given.idempotencyKey);
    if (owner !== undefined && owner !== given.inputId) {
      throw conflict(`The idempotency key of "${given.inputId}" belongs to input "${owner}".`);
    }
  }
  return { given, stored, isSame };
}

export function applyUpsert(
  { state, hints, digest }: MemoryContext,
  { given, stored, isSame }: UpsertPlan,
  at: number,
): InputLedgerEntry {
  if (stored !== null && isSame) return ledgerEntry(state, stored);
  const session = state.sessions.get(given.sessionId) ?? newSession(state, given.sessionId, at);
  const { inputId, delivery, idempotencyKey, turnId, lastRunId, lastBoundarySequence } = given;
  const contentDigest = digest({ content: given.payload, delivery });
  const record: InputRecord = Object.freeze({
    inputId,
    sessionId: session.sessionId,
    content: given.payload,
    delivery,
    ...(idempotencyKey !== null && { idempotencyKey }),
    ...(stored?.at !== undefined && { at: stored.at }),
    position: stored?.position ?? session.inputs.length + 1,
    state: given.state,
    turnId,
    digest: contentDigest,
    acceptedAt: stored?.acceptedAt ?? at,
    lastRunId,
    lastBoundarySequence,
  });
  if (stored === null) addInput(state, session, record, rowOf(given, contentDigest, at));
  else {
    if (stored.idempotencyKey !== undefined) session.keys.delete(stored.idempotencyKey);
    if (idempotencyKey !== null) session.keys.set(idempotencyKey, inputId);
    const before = state.ledger.get(inputId)!;
    const changed = Object.entries(rowOf(given, contentDigest, at)).filter(
      ([name, value]) => name !== "queueKey" && !same(value, before[name as keyof LedgerRow]),
    );
    changeInput(state, session, record, at, Object.fromEntries(changed));
  }
  if (delivery === "interrupt" && given.state === "queued") {
    session.wakeAt = earliest(session.wakeAt, inputDueAt(state, inputId).at);
  }
  touch(state, session);
  noteNeed(state, session);
  hints.work(session.sessionId);
  return ledgerEntry(state, record);
}

function rowOf(given: NewInputState, givenDigest: string, updatedAt: number): LedgerRow {
  const { policy, outcome, durability, attempts, recoveries, history, source } = given;
  return {
    policy,
    outcome,
    durability,
    attempts,
    recoveries,
    history,
    source,
    updatedAt,
    queueKey: null,
    givenDigest,
  };
}
