export interface BackoffPolicy {
  firstMs: number;
  maxMs: number;
  /** After this long without a connection the client gives up. */
  giveUpAfterMs: number;
}

export const defaultBackoff: BackoffPolicy = { firstMs: 100, maxMs: 10_000, giveUpAfterMs: 10 * 60_000 };

/**
 * The wait before attempt `attempt` (from 0): exponential with full jitter, so that a thousand clients of one
 * runtime that restarted do not come back at once. `random` is in [0, 1).
 */
export function backoffDelay(attempt: number, policy: BackoffPolicy, random: number): number {
  const ceiling = Math.min(policy.maxMs, policy.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling * random);
}
