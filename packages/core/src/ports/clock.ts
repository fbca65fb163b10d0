/** Time as a dependency. `now` is milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /**
   * Calls `run` once, at or soon after `at` (milliseconds since the epoch), and not at all after the returned function was called.
   * Far dates must work: timers of the platform overflow at 24.8 days.
   */
  at(at: number, run: () => void): () => void;
}

/** Randomness as a dependency: an id that was never given before, as text of `[A-Za-z0-9_-]`. */
export type NewId = () => string;
