import type { Clock } from "@pawl/core/ports";
import { createBell } from "./bell.ts";

/** Looks for work again and again until `signal` aborts: when somebody rings, and when a time has passed since the last look. */
export class Looks {
  readonly #signal: AbortSignal;
  readonly #bell: ReturnType<typeof createBell>;
  #begun = 0;
  #ended = 0;
  #end = Promise.withResolvers<void>();

  constructor(clock: Clock, signal: AbortSignal) {
    this.#signal = signal;
    this.#bell = createBell(clock, signal);
    // Whoever waits for a look that does not come any more goes on.
    signal.addEventListener("abort", () => this.#tell(), { once: true });
  }

  /** Looks as soon as it can; a call during a look counts for the next one. */
  readonly ring = (): void => this.#bell.ring();

  /** `look` never rejects, and resolves to how long to wait for the next one, in milliseconds. */
  async forever(look: () => Promise<number>): Promise<void> {
    while (!this.#signal.aborted) {
      this.#bell.reset();
      this.#begun += 1;
      const waitMs = await look();
      this.#tell();
      await this.#bell.wait(waitMs);
    }
  }

  /** Resolves when a look has ended that began after this call. */
  async onceMore(): Promise<void> {
    const next = this.#begun + 1;
    this.ring();
    while (this.#ended < next && !this.#signal.aborted) await this.#end.promise;
  }

  #tell(): void {
    const { resolve } = this.#end;
    this.#ended = this.#begun;
    this.#end = Promise.withResolvers<void>();
    resolve();
  }
}
