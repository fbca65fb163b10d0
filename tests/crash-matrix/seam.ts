import { type CrashPoint, samePoint, type When } from "./crash-point.ts";

/** How a process ends at a point. `stop` returns only when the process goes on after all; what is dead throws. */
export interface Fault {
  stop(point: CrashPoint): void;
  /**
   * Performs a durable call whose transaction is under way when the process ends. Never resolves to a value: it throws, or the
   * process is gone. `verb` is `port.verb`.
   */
  inside(point: CrashPoint, verb: string, call: () => Promise<unknown>): Promise<never>;
  /** Throws when this process is dead. */
  alive(): void;
}

/** The places at which one process may end, as it passes them; and what it has seen in the log so far. */
export class Seam {
  readonly fault: Fault;
  /** Every moment that was passed, each once, in order. */
  readonly passed: CrashPoint[] = [];
  readonly #point: CrashPoint | undefined;
  readonly #seen = new Set<string>();
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  #spent = false;

  constructor(fault: Fault, point?: CrashPoint) {
    this.fault = fault;
    this.#point = point;
  }

  /** Ends here when this is the point. */
  pass(at: string, when: When): void {
    this.fault.alive();
    const here = { at, when };
    if (!this.passed.some((one) => samePoint(one, here))) this.passed.push(here);
    if (!this.#takes(here)) return;
    this.fault.stop(here);
  }

  /** The point if it lies inside of this durable call. */
  inside(at: string): CrashPoint | undefined {
    const here: CrashPoint = { at, when: "inside" };
    if (!this.passed.some((one) => samePoint(one, here))) this.passed.push(here);
    return this.#takes(here) ? here : undefined;
  }

  /** A process ends once. */
  #takes(here: CrashPoint): boolean {
    if (this.#spent || this.#point === undefined || !samePoint(this.#point, here)) return false;
    this.#spent = true;
    return true;
  }

  see(label: string): void {
    this.#seen.add(label);
    this.#waiting.get(label)?.resolve();
  }

  hasSeen(label: string): boolean {
    return this.#seen.has(label);
  }

  /** Resolves when one of these is known to be durable. */
  async seen(...labels: readonly string[]): Promise<void> {
    if (labels.some((label) => this.#seen.has(label))) return;
    const all = labels.map((label) => {
      const waiting = this.#waiting.get(label) ?? Promise.withResolvers<void>();
      this.#waiting.set(label, waiting);
      return waiting.promise;
    });
    await Promise.race(all);
  }
}
