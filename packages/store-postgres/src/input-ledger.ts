import {
  acceptsInputs,
  checkInputUpsert,
  type InputLedgerEntry,
  inputStateOf,
  isSameInputState,
  isTerminalInput,
  type NewInputState,
  PawlError,
  type RuntimeState,
} from "@pawl/core";
import type { Fence } from "@pawl/core/ports";
import type { Row, Transaction } from "./connection/database.ts";
import { isUniqueViolation } from "./connection/retryable-codes.ts";
import type { StoreContext } from "./context.ts";
import { checkInput } from "./enter-input.ts";
import { conflict, fenced, sessionErased } from "./errors.ts";
import { fenceValues } from "./fence-values.ts";
import { inputLedgerOfRow } from "./rows/input-ledger-row.ts";
import { checkTombstones } from "./statements/check-tombstones.ts";
import { holdSession } from "./statements/hold-session.ts";
import { loadInputState } from "./statements/load-input-state.ts";
import { lockLine } from "./statements/lock-line.ts";
import { readRuntimeState } from "./statements/read-runtime-state.ts";
import { upsertInputState } from "./statements/upsert-input-state.ts";
import { storableJson } from "./storable.ts";

/** Throws as `Inbox.persistInputState`. */
export async function persistInputState(
  context: StoreContext,
  given: NewInputState,
  fence: Fence | undefined,
): Promise<InputLedgerEntry> {
  const next = checkedState(given);
  const entry = await context.database.transaction("persist_input_state", async (tx) => {
    await tx.run(lockLine, [next.sessionId]);
    if (fence !== undefined && (await tx.run(holdSession, fenceValues(fence))).length === 0) {
      throw fenced(fence.sessionId);
    }
    const [session] = await tx.run(readRuntimeState, [next.sessionId]);
    return upsert(context, tx, next, session, fence?.sessionId === next.sessionId);
  });
  context.hints.work(entry.sessionId);
  return entry;
}

/** A copy, of what a caller says and of nothing else. @throws PawlError `invalid_id`, `not_storable` */
export function checkedState(given: NewInputState): NewInputState {
  const next = inputStateOf(JSON.parse(storableJson(given, "The input state")) as NewInputState);
  const { idempotencyKey, ...rest } = next;
  const key = idempotencyKey === null ? {} : { idempotencyKey };
  checkInput({ ...rest, ...key, content: next.payload });
  return next;
}

/** Within a transaction that has locked the session's line. `session`: its row with the runtime state, if there is one. */
export async function upsert(
  { digest, channels }: StoreContext,
  tx: Transaction,
  next: NewInputState,
  session: Row | undefined,
  held: boolean,
): Promise<InputLedgerEntry> {
  await checkUnused(tx, next.sessionId, next.inputId);
  const [row] = await tx.run(loadInputState, [next.inputId]);
  const stored = row === undefined ? null : inputLedgerOfRow(row);
  if (stored !== null && isSameInputState(stored, next)) return stored;
  checkInputUpsert(stored, next, held);
  if (stored === null && session !== undefined && !isTerminalInput(next.state)) {
    checkAccepting(next.sessionId, session);
  }
  const { payload, delivery, policy, outcome, history, source } = next;
  const values = [
    next.sessionId,
    next.inputId,
    delivery,
    next.state,
    JSON.stringify(payload),
    digest({ content: payload, delivery }),
    next.idempotencyKey,
    JSON.stringify(policy),
    outcome && JSON.stringify(outcome),
    next.durability,
    next.attempts,
    next.recoveries,
    JSON.stringify(history),
    source && JSON.stringify(source),
    next.turnId,
    next.lastRunId,
    next.lastBoundarySequence,
    channels.work,
  ];
  const [kept] = await tx.run(upsertInputState, values).catch((error: unknown) => {
    if (!isUniqueViolation(error)) throw error;
    throw conflict(`The idempotency key of "${next.inputId}" belongs to another input.`);
  });
  return inputLedgerOfRow(kept!);
}

/** @throws PawlError `session_not_accepting`, `store_conflict` for ids of what was erased */
export async function checkUnused(
  tx: Pick<Transaction, "run">,
  sessionId: string,
  inputId: string | null,
): Promise<void> {
  const [used] = await tx.run(checkTombstones, [sessionId, inputId]);
  if (used?.session === true) throw sessionErased(sessionId);
  if (used?.input === true) throw conflict(`Input id "${inputId}" is taken.`);
}

/** A session that drains takes nothing new either. */
function checkAccepting(sessionId: string, { runtime_state, rest_state }: Row): void {
  const state = runtime_state as RuntimeState;
  const effective = state === "running" && rest_state === "retired" ? rest_state : state;
  if (acceptsInputs(effective)) return;
  throw new PawlError(
    "session_not_accepting",
    `Session "${sessionId}" is ${effective} and takes no inputs: use another session.`,
  );
}
