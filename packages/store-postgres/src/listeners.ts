import type { Logger } from "@pawl/core/ports";

/**
 * Who wants to hear of one kind of thing. They are told in a microtask, so a listener may call the store at once, and one for all of
 * them: of each of thousands of hints every running turn is told.
 */
export class Listeners<Told extends readonly unknown[]> {
  readonly #entries = new Set<{ readonly run: (...told: Told) => void }>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @returns how to stop listening: from then on it is told of nothing, also not of what was on its way. */
  add(run: (...told: Told) => void): () => void {
    const entry = { run };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  clear(): void {
    this.#entries.clear();
  }

  tell(...told: Told): void {
    if (this.#entries.size > 0) queueMicrotask(() => this.#tellNow(told));
  }

  #tellNow(told: Told): void {
    // Whoever begins to listen meanwhile is not told: it may do so each time that it hears.
    for (const entry of [...this.#entries]) {
      if (!this.#entries.has(entry)) continue;
      try {
        entry.run(...told);
      } catch (error) {
        this.#logger.warn("A listener of the store threw.", { error: String(error) });
      }
    }
  }
}
