import type { RunRequest } from "./run-handle.ts";

/** Reasons of the looks that a runner takes by itself. */
export const STARTUP = "startup";
export const POLL = "poll";

/** Nobody said that there is something: most of these looks find nothing, and what comes meanwhile need not wait for that. */
export function isUnasked({ reason, traceIdle }: RunRequest): boolean {
  return !traceIdle && (reason === STARTUP || reason === POLL);
}
