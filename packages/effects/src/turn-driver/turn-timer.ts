import { dueTimer, nextDeadline, type TurnInput, type TurnState } from "@pawl/core";
import type { Clock } from "@pawl/core/ports";

export interface TurnTimerOptions {
  readonly clock: Clock;
  readonly state: () => TurnState;
  /** Resolves when the input is durable and acted upon. */
  readonly feed: (input: TurnInput) => Promise<void>;
  readonly isOver: () => boolean;
  readonly broken: (cause: unknown) => void;
}

/** Waits for the next deadline among a turn's timers and feeds those that are due. */
export class TurnTimer {
  readonly #o: TurnTimerOptions;
  #cancel: (() => void) | undefined;
  #armedAt: number | undefined;

  constructor(options: TurnTimerOptions) {
    this.#o = options;
  }

  /** `at`: milliseconds since the epoch. */
  arm(at: number | undefined): void {
    // Most steps leave the turn's deadline as it was.
    if (at === this.#armedAt) return;
    this.disarm();
    if (at === undefined || this.#o.isOver()) return;
    this.#armedAt = at;
    this.#cancel = this.#o.clock.at(at, () => {
      this.disarm();
      void this.#fire().catch(this.#o.broken);
    });
  }

  disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedAt = undefined;
  }

  async #fire(): Promise<void> {
    const { clock, state, feed, isOver } = this.#o;
    const now = clock.now();
    // Each is looked up anew: a timer that fires may set or remove others.
    let timer = dueTimer(state().timers, now);
    while (timer !== undefined && !isOver()) {
      await feed({ type: "timer_fired", now, timer });
      timer = dueTimer(state().timers, now);
    }
    // A clock that fired early has nothing due: it is asked again.
    this.arm(nextDeadline(state().timers));
  }
}
