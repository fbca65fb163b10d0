import type { StoreTime, TimeBounds } from "@pawl/core/ports";

/** What this process's clocks say: one that may be set, and one that only counts and may stand still while its machine sleeps. */
export interface Instant {
  readonly wall: number;
  readonly counted: number;
}

/**
 * The database's clock between two looks at it (D12). Each opening and renewal of a node's lease tells what time it is there; from then on
 * what has passed is counted: at least by the clock that nobody sets, at most by the one of the two that went further.
 */
export class DatabaseTime {
  readonly #here: () => Instant;
  #known: { readonly at: number; readonly asked: Instant; readonly answered: Instant } | undefined;

  constructor(here: () => Instant = () => ({ wall: Date.now(), counted: performance.now() })) {
    this.#here = here;
  }

  /** To be kept from before the database is asked for its time until it is learnt. */
  begin(): Instant {
    return this.#here();
  }

  /** `at`: milliseconds since the epoch, as the database said some time after `asked`. */
  learn(at: number, asked: Instant): void {
    this.#known = { at, asked, answered: this.#here() };
  }

  /** It is there by now, for sure. Undefined before anything was learnt. */
  earliest(): number | undefined {
    return this.#known === undefined ? undefined : this.bounds().earliest;
  }

  /** Before anything was learnt it is this process's clock. */
  readonly bounds: StoreTime = (): TimeBounds => {
    const { wall, counted } = this.#here();
    if (this.#known === undefined) return { earliest: wall, latest: wall };
    const { at, asked, answered } = this.#known;
    const atMost = Math.max(counted - asked.counted, wall - asked.wall);
    return { earliest: Math.floor(at + counted - answered.counted), latest: Math.ceil(at + atMost) };
  };
}
