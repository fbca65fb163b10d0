import type { Pool } from "pg";

/** About as long as a new connection takes, with a password that is slow to check on purpose, in milliseconds. */
const PATIENCE_MS = 10;

/**
 * Most statements take less time than a connection: who finds none idle in a pool that would make another waits for one to come back first,
 * and for no longer than the other would take. So what a host asks at its start goes over a few connections, each of which costs both sides
 * memory, and PostgreSQL a look at its catalogue and a plan for each statement anew.
 */
export class IdleConnections {
  readonly #pool: Pool;
  readonly #waiting = new Set<() => void>();
  // It is idle right after this was told.
  readonly #released = () => {
    for (const goOn of this.#waiting) return goOn();
  };

  constructor(pool: Pool) {
    this.#pool = pool;
    pool.on("release", this.#released);
  }

  /** Resolves when it is time to ask the pool for a connection; undefined: it is now. */
  soon(): Promise<void> | undefined {
    const { totalCount, idleCount, waitingCount, options } = this.#pool;
    // A pool gives an idle one away a moment after it was asked.
    const hasIdle = idleCount > waitingCount;
    if (hasIdle || totalCount === 0 || totalCount >= (options?.max ?? 0)) return undefined;
    return new Promise((resolve) => {
      const goOn = () => {
        clearTimeout(timer);
        this.#waiting.delete(goOn);
        resolve();
      };
      const timer = setTimeout(goOn, PATIENCE_MS);
      this.#waiting.add(goOn);
    });
  }

  stop(): void {
    this.#pool.off("release", this.#released);
    for (const goOn of this.#waiting) goOn();
  }
}
