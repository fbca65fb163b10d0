/**
 * How many background tasks a runner claims beyond the places that are free. Pure.
 *
 * Bodies that are over before the next claim has answered leave every place empty for as long as a claim takes, so that claims, not bodies,
 * set the pace. Then, and only then, more is claimed than there are places, and what has no place yet waits in the process for some
 * milliseconds. Grows and shrinks as a congestion window does: doubled when every place was empty when a full claim answered, halved when
 * something still waited for a place, nothing when the queue is.
 */
export function claimAhead(
  ahead: number,
  claim: {
    readonly concurrency: number;
    /** It brought as many as were asked for. */
    readonly full: boolean;
    /** Bodies that ran when it answered. */
    readonly busy: number;
    /** Claimed before and without a place when it answered. */
    readonly waiting: number;
  },
): number {
  const { concurrency, full, busy, waiting } = claim;
  if (!full) return 0;
  if (waiting > 0) return Math.floor(ahead / 2);
  if (busy > 0) return ahead;
  return Math.min(Math.max(concurrency, 2 * ahead), MOST_PLACES_AHEAD * concurrency);
}

/** Few enough: no other node gets them meanwhile, and a crash may cost each of them one attempt. */
const MOST_PLACES_AHEAD = 4;

/** How many to claim now: places that are free and what may wait, but no handful while half of what may wait is still there. */
export function claimLimit(places: {
  readonly concurrency: number;
  readonly busy: number;
  readonly ahead: number;
  readonly waiting: number;
}): number {
  const { concurrency, busy, ahead, waiting } = places;
  const room = concurrency - busy + ahead - waiting;
  return 2 * room < ahead ? 0 : Math.max(0, room);
}
