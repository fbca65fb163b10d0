export interface Backoff {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  /** How often one call tries to connect before it gives up. */
  readonly attempts: number;
}

/** Three tries within about two seconds: long enough for a restart, short enough for a person who waits. */
export const DEFAULT_BACKOFF: Backoff = { initialMs: 250, factor: 4, maxMs: 30_000, attempts: 3 };

/** Pure: how long to wait before connecting again after `failures` (≥ 1) in a row; up to a quarter is added at random. */
export function reconnectDelayMs(failures: number, backoff: Backoff, random: number): number {
  const delay = Math.min(backoff.maxMs, backoff.initialMs * backoff.factor ** (failures - 1));
  return delay * (1 + random / 4);
}
