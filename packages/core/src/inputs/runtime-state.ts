import { PawlError } from "../errors.ts";

/** Whether a session takes inputs and drives turns. */
export type RuntimeState =
  | "initializing"
  | "idle"
  | "running"
  | "recovering"
  | "retired"
  | "stopped"
  | "destroyed";

export const RUNTIME_TRANSITIONS: { readonly [From in RuntimeState]: readonly RuntimeState[] } = {
  initializing: ["idle", "stopped", "destroyed"],
  idle: ["running", "recovering", "retired", "stopped", "destroyed"],
  running: ["idle", "recovering", "retired", "stopped", "destroyed"],
  recovering: ["idle", "running", "stopped", "destroyed"],
  retired: ["running", "stopped", "destroyed"],
  stopped: ["destroyed"],
  destroyed: [],
};

/** A retired session drains what it has and takes nothing new. */
export function acceptsInputs(state: RuntimeState): boolean {
  return state === "idle" || state === "running" || state === "recovering" || state === "initializing";
}

export function drivesTurns(state: RuntimeState): boolean {
  return state !== "stopped" && state !== "destroyed";
}

/** @throws PawlError `runtime_transition_illegal` */
export function checkRuntimeTransition(from: RuntimeState, to: RuntimeState): void {
  if (from !== to && !RUNTIME_TRANSITIONS[from].includes(to)) {
    throw new PawlError("runtime_transition_illegal", `A session that is ${from} cannot become ${to}.`);
  }
}
