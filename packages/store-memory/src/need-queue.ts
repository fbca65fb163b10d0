export interface NeedEntry<T> {
  readonly at: number;
  readonly tie: number;
  readonly item: T;
}

/**
 * A binary heap of what becomes claimable when, oldest first and fair among equals. An entry that was replaced stays inside
 * until it comes to the top: the caller tells by identity whether an entry is still the one that counts.
 */
export class NeedQueue<T> {
  readonly #heap: NeedEntry<T>[] = [];
  #ties = 0;

  push(at: number, item: T): NeedEntry<T> {
    this.#ties += 1;
    return this.restore({ at, tie: this.#ties, item });
  }

  /** Puts back an entry that was popped and passed over. */
  restore(entry: NeedEntry<T>): NeedEntry<T> {
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
    return entry;
  }

  /** The earliest entry that is not later than `now`, taken out. */
  pop(now: number): NeedEntry<T> | undefined {
    const heap = this.#heap;
    const top = heap[0];
    if (top === undefined || top.at > now) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return top;
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
