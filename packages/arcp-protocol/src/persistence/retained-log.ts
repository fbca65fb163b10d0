/** A log that grows at its end and is let go at its beginning, with dense numbers. Both in constant time. */
export class RetainedLog<Item> {
  #items: Item[] = [];
  /** Index of the first retained item in `#items`. */
  #head = 0;
  /** Number of the first retained item. */
  #firstSeq: number;
  #size = 0;
  readonly #sizeOf: (item: Item) => number;

  constructor(sizeOf: (item: Item) => number, firstSeq = 1) {
    this.#sizeOf = sizeOf;
    this.#firstSeq = firstSeq;
  }

  get firstSeq(): number {
    return this.#firstSeq;
  }

  get lastSeq(): number {
    return this.#firstSeq + this.count - 1;
  }

  get count(): number {
    return this.#items.length - this.#head;
  }

  get size(): number {
    return this.#size;
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#size += this.#sizeOf(item);
  }

  dropOldest(): void {
    const item = this.#items[this.#head];
    if (item === undefined) return;
    this.#size -= this.#sizeOf(item);
    this.#items[this.#head] = undefined as Item;
    this.#head += 1;
    this.#firstSeq += 1;
    // Compacting when half is dead keeps the cost of an append constant on average.
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Up to `limit` items with numbers above `afterSeq`, each with its number. */
  after(afterSeq: number, limit: number): { seq: number; item: Item }[] {
    const from = Math.max(afterSeq + 1, this.#firstSeq);
    const to = Math.min(from + limit - 1, this.lastSeq);
    const found: { seq: number; item: Item }[] = [];
    for (let seq = from; seq <= to; seq++) {
      found.push({ seq, item: this.#items[this.#head + seq - this.#firstSeq] as Item });
    }
    return found;
  }
}
