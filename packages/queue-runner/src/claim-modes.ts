/**
 * What a queue runner may do now. The mode follows from the facts alone, so there is no transition to miss; where two modes
 * would hold, the one that is further up counts.
 *
 * - `stopped`. Entry: before `start`, and from `stop` on. Exit: `start`. Ignored for good: pokes, polls, completions' looks.
 * - `paused`. Entry: `pause`. Exit: `resume`. Requests are kept; completions free their places.
 * - `backing_off`. Entry: a look-up failed. Exit: the back-off's time is over. Requests are kept, so that a storm of pokes cannot hammer
 *   a store that is down.
 * - `full`. Entry: as many sessions in flight as the runner's concurrency. Exit: a completion. Requests are kept.
 * - `claiming`. Entry: none of the above. Requests are looked at, one after the other.
 */
export type ClaimMode = "stopped" | "paused" | "backing_off" | "full" | "claiming";

export interface ClaimFacts {
  readonly running: boolean;
  readonly paused: boolean;
  readonly backingOff: boolean;
  readonly inFlight: number;
  readonly concurrency: number;
}

export function claimMode(facts: ClaimFacts): ClaimMode {
  if (!facts.running) return "stopped";
  if (facts.paused) return "paused";
  if (facts.backingOff) return "backing_off";
  return facts.inFlight >= facts.concurrency ? "full" : "claiming";
}
