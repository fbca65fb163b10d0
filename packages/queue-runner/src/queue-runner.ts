import { PawlError, type SessionId } from "@pawl/core";
import type { Clock, Logger } from "@pawl/core/ports";
import { backoffMs } from "./backoff.ts";
import type { RunHandle, RunRequest } from "./run-handle.ts";

export interface QueueRunnerOptions {
  readonly handle: RunHandle;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  /** Sessions in flight at once. Default 16. */
  readonly concurrency?: number;
  /** The recovery poll, in milliseconds. Default 400. */
  readonly pollMs?: number;
}

/**
 * Decides which session runs now. Pokes are the normal path and the poll the recovery path; each alone drains everything.
 *
 * Invariants:
 * - Q1 A session is in flight at most once; a poke meanwhile is kept by its completion, which drives it again.
 * - Q2 Capacity limits what is begun, and nothing else does: one long session holds up nobody.
 * - Q3 A request that found no capacity is made up for when something completes.
 * - Q4 A failing look-up is logged, backed off and tried again; pokes during the back-off are not lost.
 * - Q5 After `stop` nothing is begun.
 */
export interface QueueRunner {
  /** Drives once at start-up, then polls. */
  start(): void;
  /** Begins nothing more. What is in flight is its owner's to end. */
  stop(): void;
  poke(reason: string): void;
  pokeSession(sessionId: SessionId, reason: string): void;
  /** The work that was submitted for this session is over. */
  completeSession(sessionId: SessionId, reason: string): void;
  readonly inFlight: ReadonlySet<SessionId>;
  /** Resolves when no request is waiting to be looked at. */
  settled(): Promise<void>;
}

export function createQueueRunner(options: QueueRunnerOptions): QueueRunner {
  const { handle, clock, logger, random } = options;
  const concurrency = options.concurrency ?? 16;
  const pollMs = options.pollMs ?? 400;
  const inFlight = new Set<SessionId>();
  /** Waiting requests, one per session and one for "any": they carry no content, so they coalesce. */
  const waiting = new Map<SessionId | undefined, RunRequest>();
  let working: Promise<void> | undefined;
  let starved = false;
  let failures = 0;
  let running = false;
  let cancelTimer = () => {};
  /** Raised by each arming, so that a tick knows whether a failure armed the next one already. */
  let armings = 0;

  function request(wanted: RunRequest): void {
    if (!running) return;
    const { sessionId } = wanted;
    if (sessionId !== undefined && inFlight.has(sessionId)) return;
    const queued = waiting.get(sessionId);
    if (queued === undefined || !queued.traceIdle) waiting.set(sessionId, wanted);
    working ??= work().finally(() => {
      working = undefined;
    });
  }

  async function work(): Promise<void> {
    // Requests of one burst are collected first.
    await Promise.resolve();
    for (let next = take(); next !== undefined; next = take()) {
      if (inFlight.size >= concurrency) {
        starved = true;
        continue;
      }
      await look(next);
    }
  }

  function take(): RunRequest | undefined {
    if (!running) return undefined;
    for (const [sessionId, wanted] of waiting) {
      waiting.delete(sessionId);
      if (sessionId === undefined || !inFlight.has(sessionId)) return wanted;
    }
    return undefined;
  }

  async function look(wanted: RunRequest): Promise<void> {
    try {
      const outcome = await handle.runQueuedWork(wanted);
      failures = 0;
      if (outcome.type === "idle") {
        if (wanted.traceIdle) logger.debug("a poke found nothing to do", { ...wanted });
        return;
      }
      inFlight.add(outcome.sessionId);
      // Where there was one there may be more: no gap between two claims.
      if (wanted.sessionId === undefined) request({ ...wanted, traceIdle: false });
    } catch (thrown) {
      failures += 1;
      const delayMs = backoffMs(failures, random);
      const { code, message } = PawlError.from(thrown);
      logger.warn("looking for work failed", { code, message, delayMs, failures });
      arm(delayMs);
    }
  }

  function arm(delayMs: number): void {
    cancelTimer();
    const arming = ++armings;
    // Armed anew after each tick, so that a slow tick delays the next and ticks never pile up.
    cancelTimer = clock.at(clock.now() + delayMs, () => {
      request({ reason: "poll", traceIdle: false });
      void Promise.resolve(working).then(() => {
        if (running && arming === armings) arm(jittered(pollMs, random));
      });
    });
  }

  return {
    inFlight,
    start() {
      if (running) return;
      running = true;
      request({ reason: "startup", traceIdle: false });
      arm(jittered(pollMs, random));
    },
    stop() {
      running = false;
      waiting.clear();
      cancelTimer();
    },
    poke: (reason) => request({ reason, traceIdle: true }),
    pokeSession: (sessionId, reason) => request({ sessionId, reason, traceIdle: true }),
    completeSession(sessionId, reason) {
      inFlight.delete(sessionId);
      request({ sessionId, reason, traceIdle: false });
      if (!starved) return;
      starved = false;
      request({ reason: "capacity", traceIdle: false });
    },
    settled: () => working ?? Promise.resolve(),
  };
}

/** ±10 %, so that many nodes do not ask at once. */
function jittered(ms: number, random: () => number): number {
  return Math.round(ms * (0.9 + 0.2 * random()));
}
