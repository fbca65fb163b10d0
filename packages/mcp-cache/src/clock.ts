/**
 * Time as the cache sees it: handed in, so that a test owns it. Ages are differences of `now()`, so it must not run
 * backwards.
 */
export interface CacheClock {
  /** Milliseconds; never less than a value that was returned before. */
  now(): number;
  /** Calls back once after the delay; returns what cancels it. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** Monotonic time on the scale of the epoch, so that ages survive a change of the machine's clock. */
export const systemClock: CacheClock = {
  now: () => performance.timeOrigin + performance.now(),
  setTimer: (callback, delayMs) => {
    const timer: unknown = setTimeout(callback, delayMs);
    // A cache must not keep a process alive. Browsers return a number, which has nothing to release.
    if (typeof timer === "object" && timer !== null && "unref" in timer) (timer as { unref(): void }).unref();
    return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  },
};
