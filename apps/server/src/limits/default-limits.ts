/** How much one principal may have at once on this server. 0: no limit. The operator has none. */
export interface Limits {
  readonly requestsPerMinute: number;
  /** Jobs that may be submitted over ARCP. */
  readonly submitsPerMinute: number;
  readonly sessions: number;
  /** Turns that have begun and not ended, and inputs that wait for one. */
  readonly openTurns: number;
  /** Event streams and results that are waited for. */
  readonly streams: number;
}

export const DEFAULT_LIMITS: Limits = {
  requestsPerMinute: 6_000,
  // One connection that submits as fast as it can reaches about a tenth of it with durable jobs: it is a bound for floods.
  submitsPerMinute: 300_000,
  sessions: 10_000,
  openTurns: 1_000,
  streams: 200,
};
