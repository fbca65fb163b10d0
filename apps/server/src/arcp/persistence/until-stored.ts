import { setTimeout as sleep } from "node:timers/promises";
import { isPawlError } from "@pawl/core";

/** Waits between the attempts, in milliseconds. A database that is restarted is back within their sum. */
const PAUSES_MS = [50, 200, 500, 1_000, 2_000, 4_000] as const;

/**
 * Does a write that may be repeated, again and again while the store says that it failed or that it does not know. Everything
 * that waits for it waits as long: what is not stored is not sent.
 */
export async function untilStored<T>(write: () => Promise<T>): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await write();
    } catch (error) {
      if (!isPawlError(error, "store_write_failed") && !isPawlError(error, "store_outcome_unknown"))
        throw error;
      await sleep(pause);
    }
  }
  return write();
}
