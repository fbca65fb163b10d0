import type { Clock } from "@pawl/core/ports";

/** Platform timers hold 31 bits of milliseconds (24.8 days); far dates are waited for in pieces. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of this process. Its timers do not keep a Node process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(at, run) {
    let timer: unknown;
    const arm = () => {
      timer = setTimeout(look, Math.max(0, Math.min(at - Date.now(), LONGEST_TIMER_MS)));
      unref(timer);
    };
    // Timers of the platform may also fire a little early; whoever is woken looks at `now()` and must find the time come.
    const look = () => (Date.now() < at ? arm() : run());
    arm();
    return () => clearTimeout(timer as number);
  },
};

/** Browsers number their timers; Node's are objects, and none of ours shall keep a process alive. */
function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function")
    timer.unref();
}

/** Resolves at `at`, or rejects with the signal's reason as soon as it aborts. */
export function sleepUntil(clock: Clock, at: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.at(at, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
