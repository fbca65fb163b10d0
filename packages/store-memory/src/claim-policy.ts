import { drivesTurns } from "@pawl/core";
import type { InputRecord } from "@pawl/core/ports";
import type { MemoryState, SessionRow } from "./memory-state.ts";

/**
 * When the session can be claimed, in milliseconds since the epoch, also in the past; null when something has to happen
 * first. Who owns a session is settled before: here an owner is one that is alive (see `leases.ts`).
 */
export function claimableAt(state: MemoryState, session: SessionRow): number | null {
  if (session.owner !== null || session.paused || !drivesTurns(session.runtimeState)) return null;
  const need = earliest(session.wakeAt, workAt(state, session));
  return need === null ? null : Math.max(need, session.notBefore);
}

function workAt(state: MemoryState, session: SessionRow): number | null {
  if (session.blocked !== null) return null;
  // Inputs behind an open turn wait for it (D16).
  if (session.openTurn !== null) return session.parked ? session.dueAt : session.openTurn.begunAt;
  let first: number | null = null;
  for (const inputId of session.queued) {
    const due = inputDueAt(state, inputId);
    first = earliest(first, due.at);
    // They are in order of admission: none behind this one can be due earlier.
    if (due.atOnce) break;
  }
  return first;
}

/** An input whose turn was cancelled before it began is due at once: the sooner its end is committed the better. */
export function inputDueAt(
  state: MemoryState,
  inputId: SessionRow["queued"][number],
): { readonly at: number; readonly atOnce: boolean } {
  const input = state.inputs.get(inputId)!;
  const cancelled = input.turnId !== null && state.cancels.has(input.turnId);
  const at = cancelled || input.at === undefined ? input.acceptedAt : Math.max(input.acceptedAt, input.at);
  return { at, atOnce: at === input.acceptedAt };
}

/** The oldest queued input that is due and begins a turn, while none is open and the session is not paused. */
export function nextInput(state: MemoryState, session: SessionRow, now: number): InputRecord | null {
  if (session.openTurn !== null || session.paused) return null;
  const id = session.queued.find((inputId) => inputDueAt(state, inputId).at <= now);
  return id === undefined ? null : state.inputs.get(id)!;
}

/** The queued inputs that are due and want to enter the open turn (D19). */
export function steeringInputs(state: MemoryState, session: SessionRow, now: number): readonly InputRecord[] {
  return session.queued
    .filter((id) => inputDueAt(state, id).at <= now)
    .map((id) => state.inputs.get(id)!)
    .filter((input) => input.delivery !== "next");
}

/** When the first queued interrupt comes due that is not due yet: what a claim cleared must be marked again. */
export function nextInterruptAt(state: MemoryState, session: SessionRow, now: number): number | null {
  let first: number | null = null;
  for (const inputId of session.queued) {
    const { at } = inputDueAt(state, inputId);
    if (at > now && state.inputs.get(inputId)!.delivery === "interrupt") first = earliest(first, at);
  }
  return first;
}

export function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** Keeps the queue of needs true. Called after every change of what `claimableAt` looks at. */
export function noteNeed(state: MemoryState, session: SessionRow): void {
  const at = claimableAt(state, session);
  if (at === (session.need?.at ?? null)) return;
  session.need = at === null ? null : state.needs.push(at, session);
}
