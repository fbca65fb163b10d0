/** More messages than this within one second exceed what anybody can have asked for. */
export const MAX_MESSAGES_PER_SECOND = 5_000;

/** Counts within windows of one second; true when there were more than `max` in the current one. */
export function createFloodGate(max: number): (count: number, nowMs: number) => boolean {
  let windowStart = Number.NEGATIVE_INFINITY;
  let counted = 0;
  return (count, nowMs) => {
    if (nowMs - windowStart >= 1_000) {
      windowStart = nowMs;
      counted = 0;
    }
    counted += count;
    return counted > max;
  };
}
