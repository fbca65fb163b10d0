import { checkInputTransition } from "@pawl/core";
import type { InputRecord } from "@pawl/core/ports";
import type { LedgerRow, MemoryState, SessionRow } from "./memory-state.ts";

/**
 * Puts an input's new form in place of its old one; its place in the order of admission stays. The ledger is kept up, except for
 * what `facts` says.
 *
 * @throws PawlError `input_transition_illegal` (callers have checked before: they change nothing halfway)
 */
export function changeInput(
  state: MemoryState,
  session: SessionRow,
  next: InputRecord,
  at: number,
  facts: Partial<LedgerRow> = {},
): void {
  const before = state.inputs.get(next.inputId)!;
  if (before.state !== next.state) checkInputTransition(before.state, next.state);
  noteChange(state, before, next, at, facts);
  state.inputs.set(next.inputId, next);
  session.inputs[next.position - 1] = next;
  if (before.state === next.state) return;
  leaveLines(session, before);
  joinLines(state, session, next);
}

/** A new input, at the end of the order of admission. */
export function addInput(state: MemoryState, session: SessionRow, input: InputRecord, row: LedgerRow): void {
  state.inputs.set(input.inputId, input);
  state.ledger.set(input.inputId, row);
  session.inputs.push(input);
  if (input.idempotencyKey !== undefined) session.keys.set(input.idempotencyKey, input.inputId);
  joinLines(state, session, input);
}

function noteChange(
  state: MemoryState,
  { state: from }: InputRecord,
  { inputId, state: to }: InputRecord,
  at: number,
  facts: Partial<LedgerRow>,
): void {
  const row = state.ledger.get(inputId)!;
  const changes = from !== to;
  state.ledger.set(
    inputId,
    Object.freeze({
      ...row,
      ...(changes && { history: Object.freeze([...row.history, Object.freeze({ at, from, to })]) }),
      ...(changes && to === "staged" && { attempts: row.attempts + 1 }),
      ...(changes && from === "staged" && to === "queued" && { recoveries: row.recoveries + 1 }),
      ...(changes && to === "consumed" && { outcome: CONSUMED }),
      ...facts,
      updatedAt: at,
    }),
  );
}

const CONSUMED = Object.freeze({ type: "consumed" });

function leaveLines(session: SessionRow, { inputId, state }: InputRecord): void {
  session.staged.delete(inputId);
  if (state === "queued") session.queued.splice(session.queued.indexOf(inputId), 1);
}

function joinLines(
  state: MemoryState,
  session: SessionRow,
  { inputId, position, ...next }: InputRecord,
): void {
  if (next.state === "staged") session.staged.add(inputId);
  if (next.state !== "queued") return;
  // Most join at the end.
  const last = session.queued.at(-1);
  if (last === undefined || state.inputs.get(last)!.position < position) {
    session.queued.push(inputId);
    return;
  }
  const place = session.queued.findIndex((id) => state.inputs.get(id)!.position > position);
  session.queued.splice(place, 0, inputId);
}
