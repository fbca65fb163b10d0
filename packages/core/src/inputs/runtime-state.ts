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
