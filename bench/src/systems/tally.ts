/** Counts what is done, and tells when it is enough. */
export interface Tally {
  readonly count: number;
  add(more?: number): void;
  reset(): void;
  /** Resolves when so much is done. One at a time may ask. */
  reached(count: number): Promise<void>;
}

export function createTally(): Tally {
  let count = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let tell = () => {};
  return {
    get count() {
      return count;
    },
    add(more = 1) {
      count += more;
      if (count >= wanted) tell();
    },
    reset() {
      count = 0;
      wanted = Number.POSITIVE_INFINITY;
    },
    reached(enough) {
      return new Promise((resolve) => {
        wanted = enough;
        tell = resolve;
        if (count >= enough) resolve();
      });
    },
  };
}
