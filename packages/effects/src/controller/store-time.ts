import type { Clock, StoreTime } from "@pawl/core/ports";
import { sleepUntil } from "../system-clock.ts";

/** Of a store whose clock is this process's. */
export function timeOf(clock: Pick<Clock, "now">): StoreTime {
  return () => {
    const now = clock.now();
    return { earliest: now, latest: now };
  };
}

/** Resolves when it is `at` for sure, whatever the clock says that counts the time until then. Rejects as `sleepUntil` does. */
export async function sleepUntilSure(
  clock: Clock,
  time: StoreTime,
  at: number,
  signal?: AbortSignal,
): Promise<void> {
  for (;;) {
    const left = at - time().earliest;
    if (left <= 0) return;
    await sleepUntil(clock, clock.now() + Math.ceil(left), signal);
  }
}
