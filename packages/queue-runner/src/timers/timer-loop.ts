import { PawlError } from "@pawl/core";
import type { Clock, Logger } from "@pawl/core/ports";
import { answeredWithin } from "../answered-within.ts";
import { backoffMs, jittered } from "../backoff.ts";
import { deadline } from "../deadline.ts";

export interface DueReport {
  /** How many were fired by this call; as many again may be due still. */
  readonly fired: number;
  /** When the next is due, milliseconds since the epoch by the store's clock; null when nothing waits for a time. */
  readonly nextDueAt: number | null;
}

export interface TimerLoopOptions {
  /** Fires what is due, a bounded number at a time, with no waiter alive. */
  readonly due: () => Promise<DueReport>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  /** The longest sleep, in milliseconds: hints may be lost, and clocks differ. Default 5 000. */
  readonly maxSleepMs?: number;
  /** How long a call of `due` is waited for, in milliseconds. Default 30 000. */
  readonly dueTimeoutMs?: number;
}

/**
 * The one timer of a process for everything that the store waits for: it sleeps until what is due next.
 *
 * - Q9 Whatever is due is fired, whoever waits for it and wherever: with no hint at the latest after the longest sleep.
 * - Q10 One call of `due` at a time. A hint during a call is kept and leads to another.
 * - Q11 No sleep is shorter than the shortest unless something was fired: where the store's clock is behind ours, "due by our clock"
 *   is not due yet, and asking again at once would be a busy loop.
 */
export interface TimerLoop {
  start(): void;
  /** Resolves when no call is under way any more, or when a store that does not answer has kept us for long enough. */
  stop(): Promise<void>;
  /** Something will be due at `dueAt` (milliseconds since the epoch), or at a time that is not known. */
  hint(dueAt?: number): void;
}

const SHORTEST_SLEEP_MS = 25;
const MOST_HINTS = 1_000;
/** A call that is cut off does no harm: what it fired is fired. */
const STOP_WITHIN_MS = 2_000;

export function createTimerLoop(options: TimerLoopOptions): TimerLoop {
  const { due, clock, logger, random, maxSleepMs = 5_000, dueTimeoutMs = 30_000 } = options;
  let running = false;
  let working: Promise<void> | undefined;
  /** Times that somebody told of, in order; the store's own word on what is due next counts beside them. */
  const hints: number[] = [];
  let armedFor = Number.POSITIVE_INFINITY;
  let failures = 0;
  let cancelTimer = () => {};

  function arm(at: number): void {
    if (!running) return;
    cancelTimer();
    armedFor = at;
    cancelTimer = clock.at(at, fire);
  }

  function fire(): void {
    if (!running || working !== undefined) return;
    cancelTimer();
    armedFor = Number.POSITIVE_INFINITY;
    const now = clock.now();
    while (hints[0] !== undefined && hints[0] <= now) hints.shift();
    working = ask().then((next) => {
      working = undefined;
      arm(Math.min(next, failures > 0 ? next : (hints[0] ?? next)));
    });
  }

  /** @returns when to ask again */
  async function ask(): Promise<number> {
    try {
      for (;;) {
        const { fired, nextDueAt } = await answeredWithin(clock, dueTimeoutMs, due(), "Firing what is due");
        failures = 0;
        const now = clock.now();
        if (running && fired > 0 && nextDueAt !== null && nextDueAt <= now) continue;
        const longest = now + jittered(maxSleepMs, random);
        return Math.max(now + SHORTEST_SLEEP_MS, Math.min(nextDueAt ?? longest, longest));
      }
    } catch (thrown) {
      failures += 1;
      const delayMs = backoffMs(failures, random);
      const { code, message } = PawlError.from(thrown);
      logger.warn("firing what is due failed", { code, message, delayMs, failures });
      return clock.now() + delayMs;
    }
  }

  return {
    start() {
      if (running) return;
      running = true;
      fire();
    },
    async stop() {
      running = false;
      cancelTimer();
      if (working === undefined) return;
      const over = deadline(clock, clock.now() + STOP_WITHIN_MS);
      await Promise.race([working, over.passed]);
      over.cancel();
    },
    hint(dueAt = clock.now()) {
      const at = hints.findIndex((hint) => hint >= dueAt);
      if (hints[at] !== dueAt) hints.splice(at < 0 ? hints.length : at, 0, dueAt);
      // The latest may be forgotten: without its hint it is fired at the latest after the longest sleep.
      if (hints.length > MOST_HINTS) hints.pop();
      // While a failing store is backed off from, hints do not hurry it.
      if (working === undefined && failures === 0 && dueAt < armedFor) arm(dueAt);
    },
  };
}
