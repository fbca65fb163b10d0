import { isPawlError } from "@pawl/core";

/**
 * What becomes of a node's lease, from facts and the time alone.
 *
 * - `none`. Entry: at first, after `lost`. Exit: the next request opens a new generation. Ignored: timers, answers of earlier generations.
 * - `held`. Entry: the store opened or renewed it. Exit: `doubtful`, `lost`, `closed`.
 * - `doubtful`. Entry: a renewal failed, or did not answer, and the store may still believe in us. Exit: a renewal succeeds (`held`), the
 *   store refuses (`lost`), the time to live is over (`lost`). Work goes on: every write is fenced anyway (D1).
 * - `lost`. Entry: as above. The latch is tripped (D3): everything under the lease stops. Exit: `none`, at once. A later success of an
 *   old renewal is ignored.
 * - `closed`. Entry: `close`. No exit; requests are refused.
 */
export interface LeaseTimes {
  readonly ttlMs: number;
  /** When the renewal that succeeded last was asked for: the store counts from later, so this errs on the safe side. */
  readonly renewedAt: number;
}

/** Three chances within a time to live. */
export function renewalDueAt(now: number, { ttlMs }: Pick<LeaseTimes, "ttlMs">): number {
  return now + Math.max(1, Math.floor(ttlMs / 3));
}

/** From then on the store may have given our sessions to somebody else. */
export function leaseEndsAt({ ttlMs, renewedAt }: LeaseTimes): number {
  return renewedAt + ttlMs;
}

/** What a renewal that did not succeed means. */
export function afterFailedRenewal(thrown: unknown, now: number, times: LeaseTimes): "doubtful" | "lost" {
  if (isPawlError(thrown, "store_fenced")) return "lost";
  return now >= leaseEndsAt(times) ? "lost" : "doubtful";
}
