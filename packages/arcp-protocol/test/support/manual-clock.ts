import type { Clock } from "../../src/clock.ts";

/** Time that stands still until it is moved. */
export class ManualClock implements Clock {
  #now: number;
  #timers: { time: number; order: number; callback: () => void }[] = [];
  #order = 0;

  constructor(now = Date.parse("2026-01-01T00:00:00.000Z")) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** When what is set falls due, in milliseconds since the epoch, soonest first. */
  get pending(): readonly number[] {
    return this.#timers.map(({ time }) => time).sort((a, b) => a - b);
  }

  at(time: number, callback: () => void): () => void {
    const timer = { time, order: this.#order++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time on, firing what falls due in order, and lets promises run in between. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      await settle();
      const due = this.#timers
        .filter(({ time }) => time <= end)
        .sort((a, b) => a.time - b.time || a.order - b.order)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.time);
      due.callback();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
