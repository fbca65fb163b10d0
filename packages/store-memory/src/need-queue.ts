export interface NeedEntry<T> {
  readonly at: number;
  readonly tie: number;
  readonly item: T;
}

/** Below this many entries it is not worth looking for replaced ones. */
const SMALL = 256;

/**
 * A binary heap of what becomes claimable when, oldest first and fair among equals. An entry that was replaced stays inside
 * until it comes to the top, or until replaced ones are half of all: `isCurrent` tells which counts.
 */
export class NeedQueue<T> {
  readonly #isCurrent: (entry: NeedEntry<T>) => boolean;
  #heap: NeedEntry<T>[] = [];
  #ties = 0;
  #sweepAt = SMALL;

  constructor(isCurrent: (entry: NeedEntry<T>) => boolean) {
    this.#isCurrent = isCurrent;
  }

  /** Entries inside, replaced ones too. */
  get size(): number {
    return this.#heap.length;
  }

  push(at: number, item: T): NeedEntry<T> {
    if (this.#heap.length >= this.#sweepAt) this.#sweep();
    this.#ties += 1;
    const entry = { at, tie: this.#ties, item };
    this.restore(entry);
    return entry;
  }

  /** Puts back an entry that was popped and passed over. */
  restore(entry: NeedEntry<T>): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  /** The earliest current entry that is not later than `now`, taken out. */
  pop(now: number): NeedEntry<T> | undefined {
    const heap = this.#heap;
    for (let top = heap[0]; top !== undefined && top.at <= now; top = heap[0]) {
      const last = heap.pop()!;
      if (heap.length > 0) this.#sink(last);
      if (this.#isCurrent(top)) return top;
    }
    return undefined;
  }

  /** When the earliest entry is due; one that was replaced may count. */
  nextAt(): number | undefined {
    return this.#heap[0]?.at;
  }

  #sweep(): void {
    // In order, which is one of the orders that a heap may have.
    this.#heap = this.#heap.filter(this.#isCurrent).sort((a, b) => (before(a, b) ? -1 : 1));
    this.#sweepAt = Math.max(SMALL, 2 * this.#heap.length);
  }

  #sink(entry: NeedEntry<T>): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, entry)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = entry;
  }
}

function before(a: NeedEntry<unknown>, b: NeedEntry<unknown>): boolean {
  return a.at < b.at || (a.at === b.at && a.tie < b.tie);
}
