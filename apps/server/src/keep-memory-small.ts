import { PerformanceObserver, performance } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** How large V8's heap for what is new may grow, in bytes: two halves of 8 MiB, where V8 itself stops at two of 64 MiB. */
const YOUNG_BYTES = 16 * 2 ** 20;
/** How often it is looked how busy the process is. */
const LOOK_MS = 1_000;
/** A process is quiet once its event loop was busy for less than this share of the time in so many looks in a row … */
const QUIET_SHARE = 0.05;
const QUIET_LOOKS = 5;
/** … and is at work again once it was busy for more than this share of the time between two looks. */
const BUSY_SHARE = 0.2;

const YOUNG_FLAGS = /--(?:max|min)[-_]semi[-_]space[-_]size|--semi[-_]space[-_]growth[-_]factor/;
const SAVER_FLAGS = /--(?:no[-_]?)?memory[-_]saver[-_]mode/;

export interface MemoryKeeper {
  /** Stops looking; what was set stays. */
  off(): void;
}

/**
 * Keeps what V8 holds for garbage small, in the whole process: under load its young heap is bounded, and when nothing is done V8 gives back
 * the pages that it keeps for what may come. By itself V8 does neither on a machine with much memory. What somebody has set with flags
 * of Node is left as it is.
 *
 * @param flags of Node, on its command line and in NODE_OPTIONS
 */
export function keepMemorySmall(
  flags = [...process.execArgv, process.env.NODE_OPTIONS].join(" "),
): MemoryKeeper {
  const bound = YOUNG_FLAGS.test(flags) ? undefined : boundYoungHeap();
  // V8 before that of Node 24 does not know the mode, and says so on stderr.
  const knowsSaver = Number.parseInt(process.versions.node, 10) >= 24;
  const saver = !knowsSaver || SAVER_FLAGS.test(flags) ? undefined : saveWhenQuiet();
  return {
    off() {
      bound?.off();
      saver?.off();
    },
  };
}

/**
 * The sizes that can be given on Node's command line are read once, at its start. The factor by which the young heap grows is read whenever
 * it could grow: with 1 it stays as it is. V8 also makes it smaller, and then it may grow again, so every collection is followed, a turn
 * of the event loop after it: a long turn of which much survives can take it a step further.
 */
function boundYoungHeap(): MemoryKeeper {
  let factor = 2;
  const observer = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    const wanted = (young?.space_size ?? 0) < YOUNG_BYTES ? 2 : 1;
    if (wanted === factor) return;
    factor = wanted;
    setFlagsFromString(`--semi-space-growth-factor=${factor}`);
  });
  observer.observe({ entryTypes: ["gc"] });
  return { off: () => observer.disconnect() };
}

/**
 * There is a collection for idle times, which gives pages back, but V8 takes a process without any allocation for one that allocates much
 * and never runs it. In its mode for saving memory it does, some ten seconds later. At work that mode costs processor time.
 */
function saveWhenQuiet(): MemoryKeeper {
  let saving = false;
  let quiet = 0;
  let seen = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, seen);
    seen = now;
    quiet = utilization < QUIET_SHARE ? quiet + 1 : 0;
    const wanted = saving ? utilization <= BUSY_SHARE : quiet >= QUIET_LOOKS;
    if (wanted === saving) return;
    saving = wanted;
    setFlagsFromString(saving ? "--memory-saver-mode" : "--no-memory-saver-mode");
  }, LOOK_MS);
  timer.unref();
  return { off: () => clearInterval(timer) };
}
