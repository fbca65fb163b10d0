import type { AwaitEventRows, Clock } from "@pawl/core/ports";
import type { DueReport } from "@pawl/queue-runner";

/** Events that are settled, or deleted, in one call. */
const BATCH = 100;
/** How long an answer is kept after its turn has ended, in milliseconds: whoever answers again still learns the winner. */
export const ANSWERS_KEPT_MS = 30 * 24 * 60 * 60 * 1000;
const PRUNE_EVERY_MS = 60 * 60 * 1000;

/** Settles what is overdue, whoever waits for it, and now and then deletes answers that nobody asks for any more. */
export function createDueWaits(rows: AwaitEventRows, clock: Pick<Clock, "now">): () => Promise<DueReport> {
  let prunedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const { settled, nextDueAt } = await rows.settleDue(BATCH);
    const now = clock.now();
    if (settled < BATCH && now - prunedAt >= PRUNE_EVERY_MS) {
      // A full batch means that there is more: then the next call goes on.
      const pruned = await rows.prune(now - ANSWERS_KEPT_MS, BATCH);
      if (pruned < BATCH) prunedAt = now;
    }
    return { fired: settled, nextDueAt };
  };
}
