/** How much one principal may have at once on this server. 0: no limit. The operator has none. */
export interface Limits {
  readonly requestsPerMinute: number;
  readonly sessions: number;
  /** Turns that have begun and not ended, and inputs that wait for one. */
  readonly openTurns: number;
  /** Event streams and results that are waited for. */
  readonly streams: number;
}

export const DEFAULT_LIMITS: Limits = {
  requestsPerMinute: 6_000,
  sessions: 10_000,
  openTurns: 1_000,
  streams: 200,
};
