import { ArcpPeerError } from "../errors.ts";

/**
 * What has arrived and nobody has taken yet. Bounded: beyond `limit` the oldest go, and the reader is told so with
 * `events_overflowed` instead of being handed a stream with a hole.
 */
export class EventQueue<Item> implements AsyncIterable<Item> {
  readonly #limit: number;
  #items: Item[] = [];
  #head = 0;
  #missed = 0;
  #ended = false;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(item: Item): void {
    if (this.#ended) return;
    this.#items.push(item);
    if (this.#items.length - this.#head > this.#limit) {
      this.#take();
      this.#missed += 1;
    }
    this.#wakeReader();
  }

  end(failure?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wakeReader();
  }

  [Symbol.asyncIterator](): AsyncIterator<Item> {
    return { next: () => this.#next(), return: async () => ({ done: true, value: undefined }) };
  }

  async #next(): Promise<IteratorResult<Item>> {
    for (;;) {
      if (this.#missed > 0) {
        const missed = this.#missed;
        this.#missed = 0;
        throw new ArcpPeerError(
          "events_overflowed",
          `${missed} events were dropped because nobody read them; iterate sooner or raise maxBufferedEvents`,
        );
      }
      if (this.#head < this.#items.length) return { done: false, value: this.#take() };
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        const before = this.#wake;
        this.#wake = () => {
          before?.();
          resolve();
        };
      });
    }
  }

  #take(): Item {
    const item = this.#items[this.#head] as Item;
    this.#items[this.#head] = undefined as Item;
    this.#head += 1;
    if (this.#head > 256 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
