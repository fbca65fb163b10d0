import type { Clock, Leases } from "@pawl/core/ports";

/** Two claims that tell of the same session round differently, in milliseconds. */
const SLACK_MS = 2;

/**
 * Has this process look when a session comes to need a node, whoever made it so (D28): the earliest of them is enough, since whoever looks
 * then is told of the next.
 *
 * @returns how to stop listening
 */
export function watchDueSessions(
  leases: Pick<Leases, "onDue">,
  clock: Pick<Clock, "now">,
  hint: (dueAt: number) => void,
): () => void {
  let hinted = Number.NEGATIVE_INFINITY;
  return leases.onDue((inMs) => {
    const now = clock.now();
    const dueAt = now + inMs;
    if (hinted > now && dueAt >= hinted - SLACK_MS) return;
    hinted = dueAt;
    hint(dueAt);
  });
}
