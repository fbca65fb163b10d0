import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** A full collection, now. */
export const collectGarbage = runInNewContext("gc") as () => void;

/** What `work` allocates on the heap, in bytes. It must be so little that nothing is collected meanwhile: a few megabytes. */
export function allocatedBytes(work: () => unknown): number {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  work();
  return process.memoryUsage().heapUsed - before;
}
