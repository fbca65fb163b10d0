import type { CacheClock } from "../src/index.ts";

/** Virtual time: nothing happens until `advance`. */
export interface ManualClock extends CacheClock {
  /** Moves time, firing what falls due on the way, in order. */
  advance(ms: number): void;
  readonly pendingTimers: number;
}

export function manualClock(start = 1_000_000): ManualClock {
  let now = start;
  let last = 0;
  const timers = new Map<number, { at: number; run: () => void }>();
  return {
    now: () => now,
    setTimer(run, delayMs) {
      const id = ++last;
      timers.set(id, { at: now + delayMs, run });
      return () => void timers.delete(id);
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = [...timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.delete(due[0]);
        now = Math.max(now, due[1].at);
        due[1].run();
      }
      now = end;
    },
    get pendingTimers() {
      return timers.size;
    },
  };
}
