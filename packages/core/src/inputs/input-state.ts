import { PawlError } from "../errors.ts";

/**
 * The life of an input. `accepted` is durable; `queued` waits for its turn; `staged` belongs to a run; `applied` and
 * `applied_pending_consumption` are in a committed boundary. Terminal states admit nothing (S-table below).
 */
export type InputState =
  | "accepted"
  | "queued"
  | "staged"
  | "applied"
  | "applied_pending_consumption"
  | "consumed"
  | "superseded"
  | "coalesced"
  | "abandoned";

/** What applied never goes back to the queue: its side effects have happened. */
export const INPUT_TRANSITIONS: { readonly [From in InputState]: readonly InputState[] } = {
  accepted: ["queued", "staged", "consumed", "superseded", "coalesced", "abandoned"],
  queued: ["staged", "superseded", "coalesced", "abandoned"],
  staged: ["queued", "applied", "consumed", "superseded", "abandoned"],
  applied: ["applied_pending_consumption", "consumed", "abandoned"],
  applied_pending_consumption: ["consumed", "abandoned"],
  consumed: [],
  superseded: [],
  coalesced: [],
  abandoned: [],
};

export function isTerminalInput(state: InputState): boolean {
  return INPUT_TRANSITIONS[state].length === 0;
}

/** @throws PawlError `input_transition_illegal` */
export function checkInputTransition(from: InputState, to: InputState): void {
  if (!INPUT_TRANSITIONS[from].includes(to)) {
    throw new PawlError("input_transition_illegal", `An input that is ${from} cannot become ${to}.`);
  }
}
