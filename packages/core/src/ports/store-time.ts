/**
 * What time it may be by the store's clock, in milliseconds since the epoch: not before `earliest` and not after `latest`. Whoever may not be
 * too late goes by `latest`, and whoever may not be too early by `earliest`.
 */
export interface TimeBounds {
  readonly earliest: number;
  readonly latest: number;
}

/** The store's clock, as well as this process knows it, however its own clock goes or jumps. Asks nobody. */
export type StoreTime = () => TimeBounds;
