/** Exponential backoff with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"). Pure. */
export interface RetryPolicy {
  /** The first attempt counts. */
  readonly maxAttempts: number;
  readonly baseMs: number;
  readonly maxMs: number;
}

/** A provider that is overloaded recovers in seconds; after about half a minute a person should know. */
export const MODEL_RETRY: RetryPolicy = { maxAttempts: 5, baseMs: 500, maxMs: 20_000 };

/** Milliseconds to wait after `attempt` (from 1) failed. `random` is uniform in [0, 1). */
export function backoffMs(policy: RetryPolicy, attempt: number, random: () => number): number {
  const ceiling = Math.min(policy.maxMs, policy.baseMs * 2 ** (attempt - 1));
  return Math.floor(ceiling * random());
}
