import type { Clock } from "@pawl/core/ports";

export interface ManualClock extends Clock {
  /** Moves time on by `ms`, as `advanceTo` does. */
  advance(ms: number): Promise<void>;
  /**
   * Moves time to `to` (milliseconds since the epoch), stopping at each timer on the way: time stands at the timer's own
   * while it runs, and what it began is given room to settle before time moves on, so that a timer set by a timer
   * fires in the same call. Timers of one time fire in the order in which they were set. Resolves when all is quiet.
   */
  advanceTo(to: number): Promise<void>;
  /** Moves time on to the next timer and fires it. @returns false when there is none */
  next(): Promise<boolean>;
  /** Times of the timers that are set, in the order in which they will fire. */
  readonly pending: readonly number[];
}

export interface ManualClockOptions {
  /** Milliseconds since the epoch. Default 2026-01-01T00:00:00Z. */
  readonly now?: number;
  /**
   * What settles between two timers. Default: a turn of the platform's event loop. Hand in
   * something longer when work in between needs real input or output.
   */
  readonly settle?: () => Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

async function turnOfTheEventLoop(): Promise<void> {
  // All promises that can settle without input or output have settled before the next task of the platform runs.
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
}

/**
 * A clock that stands still until it is told to move. `at` with a time that is past fires at the next `advance`, also of
 * zero. A timer that throws fails the `advance` that fired it.
 */
export function manualClock(options: ManualClockOptions = {}): ManualClock {
  const { settle = turnOfTheEventLoop } = options;
  let now = options.now ?? Date.UTC(2026, 0, 1);
  // Sorted by time, then by the order in which they were set.
  const timers: Timer[] = [];

  async function fireUpTo(to: number): Promise<void> {
    await settle();
    while (timers[0] !== undefined && timers[0].at <= to) {
      const timer = timers.shift()!;
      now = Math.max(now, timer.at);
      timer.run();
      await settle();
    }
  }

  const clock: ManualClock = {
    now: () => now,
    at(at, run) {
      const timer: Timer = { at, run };
      const place = timers.findIndex((other) => other.at > at);
      timers.splice(place === -1 ? timers.length : place, 0, timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index !== -1) timers.splice(index, 1);
      };
    },
    advance: (ms) => clock.advanceTo(now + ms),
    async advanceTo(to) {
      if (!(to >= now)) throw new RangeError(`Time cannot go back: it is ${now}, and ${to} was asked for.`);
      await fireUpTo(to);
      now = Math.max(now, to);
    },
    async next() {
      const first = timers[0];
      if (first === undefined) return false;
      now = Math.max(now, first.at);
      timers.shift();
      first.run();
      await settle();
      return true;
    },
    get pending() {
      return timers.map((timer) => timer.at);
    },
  };
  return clock;
}
