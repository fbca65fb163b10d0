import { PawlError, type SessionId } from "@pawl/core";
import type { Clock, Logger } from "@pawl/core/ports";
import { answeredWithin } from "./answered-within.ts";
import { backoffMs, jittered } from "./backoff.ts";
import { type ClaimMode, claimMode } from "./claim-modes.ts";
import { deadline } from "./deadline.ts";
import { InFlight } from "./in-flight.ts";
import { RequestQueue } from "./request-queue.ts";
import type { RunHandle, RunOutcome, RunRequest } from "./run-handle.ts";
import { isUnasked, POLL, STARTUP } from "./unasked-looks.ts";

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
  /** How long a look-up is waited for, in milliseconds. Default 30 000. */
  readonly lookTimeoutMs?: number;
  /** How long a session may be in flight before the watchdog looks at it, in milliseconds. Default 60 000. */
  readonly watchAfterMs?: number;
}

/**
 * Decides which session runs now. Pokes are the normal path and the poll the recovery path; each alone drains everything.
 *
 * Owns: what waits to be looked at, what is in flight, and when to look again. The handle owns claims and what runs.
 * Calls go one way, from the runner to the handle; the answer comes back by `completeSession`. What it may do when is in
 * `claim-modes.ts`.
 *
 * Invariants:
 * - Q1 A session is in flight at most once; a poke meanwhile is kept by its completion, which drives it again.
 * - Q2 Capacity limits what is begun, and nothing else does: one long session holds up nobody.
 * - Q3 A request that found no capacity is looked at when something completes, behind that which completed.
 * - Q4 A failing look-up is logged, backed off and tried again; pokes during the back-off are not lost.
 * - Q5 After `stop` nothing is begun.
 * - Q6 What waits is bounded, and so is each look-up: one that does not answer is reported and no longer waited for.
 * - Q7 A submission whose work is gone without a completion is found by the watchdog and counts as complete.
 * - Q13 What begins itself takes a place like anybody else, and none for which a request waits. A look that nobody asked for leaves it one.
 */
export interface QueueRunner {
  /** Drives once at start-up, then polls. @throws PawlError `node_closed` after `stop`, where it keeps a lease of its own */
  start(): void;
  /**
   * Begins nothing more and lets what is in flight end for up to `drainMs` (default 0), then has the handle end it. Resolves when
   * nothing is in flight, or when the handle gave up on it.
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
  /** Begins nothing until `resume`; what is in flight goes on, and what is asked for meanwhile is kept. */
  pause(): void;
  resume(): void;
  poke(reason: string): void;
  pokeSession(sessionId: SessionId, reason: string): void;
  /**
   * For who can begin work of this session himself, such as with the input that makes it: runs `begin` in one of this runner's places,
   * when there is one that nobody waits for. Undefined, and nothing is run, when there is none, or the session is in flight
   * already. Rejects as `begin` does.
   */
  offer<T extends RunOutcome>(sessionId: SessionId, begin: () => Promise<T>): Promise<T> | undefined;
  /**
   * The work that was submitted for this session is over: the session is looked at again, at once when there is capacity. `nothingLeft`: who
   * left it knows that there was nothing to do in it, and hints when there is; then it is looked at again only if somebody asked for it meanwhile.
   */
  completeSession(sessionId: SessionId, reason: string, options?: { readonly nothingLeft?: boolean }): void;
  readonly inFlight: ReadonlyMap<SessionId, unknown>;
  /** How many more sessions could be in flight. */
  readonly free: number;
  readonly mode: ClaimMode;
  /** Resolves when no request is waiting to be looked at, or none can be for lack of capacity. */
  settled(): Promise<void>;
}

export function scheduleRuns(options: QueueRunnerOptions): QueueRunner {
  const { handle, clock, logger, random } = options;
  const { concurrency = 16, pollMs = 400, lookTimeoutMs = 30_000, watchAfterMs = 60_000 } = options;
  if (!(concurrency >= 1)) throw new RangeError("concurrency must be 1 or more.");
  const inFlight = new InFlight();
  const waiting = new RequestQueue();
  let running = false;
  let paused = false;
  let failures = 0;
  /** Places that a look-up under way, or what begins itself, may come to fill. */
  let reserved = 0;
  let working: Promise<void> | undefined;
  let cancelPoll = () => {};
  let cancelBackoff: (() => void) | undefined;
  let emptied = () => {};
  const settledWaiters: (() => void)[] = [];

  function mode(): ClaimMode {
    return claimMode({
      running,
      paused,
      backingOff: cancelBackoff !== undefined,
      inFlight: inFlight.size + reserved,
      concurrency,
    });
  }

  function request(wanted: RunRequest, again = false): void {
    if (!running) return;
    const { sessionId } = wanted;
    // Its completion drives it again (Q1).
    if (sessionId !== undefined && inFlight.poke(sessionId)) return;
    if (again) waiting.addAgain(wanted);
    else waiting.add(wanted);
    work();
  }

  function work(): void {
    working ??= lookAtAll().finally(() => {
      working = undefined;
      // Something may have come between the last look and this line.
      if (mode() === "claiming" && waiting.size > 0) work();
      else tellSettled();
    });
  }

  async function lookAtAll(): Promise<void> {
    // Requests of one burst are collected first.
    await Promise.resolve();
    while (mode() === "claiming") {
      const wanted = waiting.take(free());
      if (wanted === undefined) return;
      if (wanted.sessionId === undefined || !inFlight.poke(wanted.sessionId)) await look(wanted);
    }
  }

  async function look(wanted: RunRequest): Promise<void> {
    const places = wanted.sessionId !== undefined ? 1 : isUnasked(wanted) ? Math.max(1, free() - 1) : free();
    const asked = places > 1 ? { ...wanted, limit: places } : wanted;
    inFlight.beginLook();
    reserved += places;
    // When it answers too late, what it began counts all the same.
    const answer = ask(asked).finally(() => inFlight.endLook());
    try {
      await answeredWithin(clock, lookTimeoutMs, answer, "Looking for work");
      failures = 0;
    } catch (thrown) {
      backOff(wanted, thrown);
    } finally {
      reserved -= places;
    }
  }

  function free(): number {
    return concurrency - inFlight.size - reserved;
  }

  async function beginIn<T extends RunOutcome>(sessionId: SessionId, begin: () => Promise<T>): Promise<T> {
    inFlight.beginLook();
    reserved += 1;
    try {
      const outcome = await begin();
      if (outcome.type === "submitted") took({ sessionId, reason: "offer", traceIdle: false }, outcome);
      return outcome;
    } finally {
      reserved -= 1;
      inFlight.endLook();
      // Somebody may have come meanwhile for whom there was no place.
      if (waiting.size > 0) work();
    }
  }

  async function ask(asked: RunRequest): Promise<void> {
    const outcome = await handle.runQueuedWork(asked);
    if (outcome.type === "submitted") return took(asked, outcome);
    if (asked.traceIdle) logger.debug("a poke found nothing to do", { ...asked });
  }

  function took(asked: RunRequest, outcome: Extract<RunOutcome, { type: "submitted" }>): void {
    const now = clock.now();
    const begun = [outcome.sessionId, ...(outcome.others ?? [])];
    for (const sessionId of begun) inFlight.submitted(sessionId, now, now + watchAfterMs);
    // Where there were as many as asked for there may be more: no gap between two claims.
    if (asked.sessionId === undefined && begun.length >= (asked.limit ?? 1)) {
      const { limit: _limit, ...again } = asked;
      request({ ...again, traceIdle: false });
    }
  }

  function backOff(wanted: RunRequest, thrown: unknown): void {
    failures += 1;
    const delayMs = backoffMs(failures, random);
    const { code, message } = PawlError.from(thrown);
    logger.warn("looking for work failed", { code, message, delayMs, failures });
    if (!running) return;
    waiting.addAgain(wanted);
    cancelBackoff?.();
    cancelBackoff = clock.at(clock.now() + delayMs, () => {
      cancelBackoff = undefined;
      work();
    });
  }

  function poll(): void {
    watch();
    request({ reason: POLL, traceIdle: false });
    // Armed anew after each tick, so that a slow tick delays the next and ticks never pile up.
    void Promise.resolve(working).then(() => {
      if (running) armPoll();
    });
  }

  function armPoll(): void {
    cancelPoll();
    cancelPoll = clock.at(clock.now() + jittered(pollMs, random), poll);
  }

  function watch(): void {
    for (const { sessionId, sinceMs } of inFlight.overdue(clock.now())) {
      const isRunning = handle.isRunning?.(sessionId);
      if (isRunning === undefined) {
        const advice = "give the handle `isRunning`, so that a lost completion is found";
        logger.warn("a session was submitted and has not completed for long", { sessionId, sinceMs, advice });
      } else if (isRunning) logger.info("a session has been in flight for long", { sessionId, sinceMs });
      if (isRunning !== false) continue;
      logger.error("a session was submitted and never completed", { sessionId, sinceMs });
      inFlight.forget(sessionId);
      freed({ sessionId, reason: "watchdog", traceIdle: false });
    }
  }

  function freed(wanted: RunRequest | undefined): void {
    if (inFlight.size === 0) emptied();
    if (wanted !== undefined) request(wanted, true);
    work();
  }

  function tellSettled(): void {
    if (cancelBackoff !== undefined && running) return;
    for (const resolve of settledWaiters.splice(0)) resolve();
  }

  return {
    inFlight: inFlight.sessions,
    get free() {
      return free();
    },
    get mode() {
      return mode();
    },
    start() {
      if (running) return;
      running = true;
      request({ reason: STARTUP, traceIdle: false });
      armPoll();
    },
    async stop({ drainMs = 0 } = {}) {
      running = false;
      waiting.clear();
      cancelPoll();
      cancelBackoff?.();
      cancelBackoff = undefined;
      failures = 0;
      tellSettled();
      const { passed, cancel } = deadline(clock, clock.now() + drainMs);
      const drained = passed.then(() => {});
      if (handle.stop !== undefined) await handle.stop({ drained });
      else if (inFlight.size > 0) {
        await Promise.race([
          drained,
          new Promise<void>((resolve) => {
            emptied = resolve;
          }),
        ]);
      }
      cancel();
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      request({ reason: "resume", traceIdle: false });
    },
    poke: (reason) => request({ reason, traceIdle: true }),
    pokeSession: (sessionId, reason) => request({ sessionId, reason, traceIdle: true }),
    offer(sessionId, begin) {
      const isFree = mode() === "claiming" && waiting.size === 0 && !inFlight.has(sessionId);
      return isFree ? beginIn(sessionId, begin) : undefined;
    },
    completeSession(sessionId, reason, { nothingLeft = false } = {}) {
      const poked = inFlight.completed(sessionId);
      freed(nothingLeft && !poked ? undefined : { sessionId, reason, traceIdle: false });
    },
    settled() {
      if (working === undefined && cancelBackoff === undefined) return Promise.resolve();
      return new Promise((resolve) => {
        settledWaiters.push(resolve);
      });
    },
  };
}
