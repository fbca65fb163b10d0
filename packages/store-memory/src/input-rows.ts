import { checkInputTransition } from "@pawl/core";
import type { InputRecord } from "@pawl/core/ports";
import type { MemoryState, SessionRow } from "./memory-state.ts";

/**
 * Puts an input's new form in place of its old one; its place in the order of admission stays.
 * @throws PawlError `input_transition_illegal` (callers have checked before: they change nothing halfway)
 */
export function changeInput(state: MemoryState, session: SessionRow, next: InputRecord): void {
  const before = state.inputs.get(next.inputId)!;
  if (before.state !== next.state) checkInputTransition(before.state, next.state);
  state.inputs.set(next.inputId, next);
  session.inputs[next.position - 1] = next;
  if (before.state === next.state) return;
  session.staged.delete(next.inputId);
  if (next.state === "staged") session.staged.add(next.inputId);
  if (before.state === "queued") session.queued.splice(session.queued.indexOf(next.inputId), 1);
  if (next.state === "queued") {
    const place = session.queued.findIndex((id) => state.inputs.get(id)!.position > next.position);
    session.queued.splice(place === -1 ? session.queued.length : place, 0, next.inputId);
  }
}
