// `node allocating-process.ts`: keeps its memory small, allocates from "work" to "rest", and tells its memory when it is told "report".
import { setImmediate } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";
import { keepMemorySmall } from "../src/keep-memory-small.ts";

keepMemorySmall();

export interface HeapReport {
  /** Bytes of V8's young heap. */
  readonly young: number;
  /** Resident bytes of the process. */
  readonly resident: number;
  /** How many values have been made. */
  readonly made: number;
}

let made = 0;
function report(): HeapReport {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  return { young: young?.space_size ?? 0, resident: process.memoryUsage.rss(), made };
}

process.on("message", (message) => {
  if (message === "report") process.send?.(report());
  else if (message === "work") void work();
  else resting = true;
});

let resting = true;
async function work(): Promise<void> {
  resting = false;
  let kept: unknown[] = [];
  while (!resting) {
    // As in a server: in small pieces, between which the event loop turns.
    for (let i = 0; i < 1_000; i++) {
      kept.push({ made: made++, values: [made, made + 1] });
      // Enough of it outlives a collection or two for V8 to want more room.
      if (kept.length > 100_000) kept = [];
    }
    await setImmediate();
  }
}
