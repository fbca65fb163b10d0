import { PawlError, type SessionId } from "@pawl/core";
import type { Clock, Leases, Logger, NodeLease, Release, SessionClaim } from "@pawl/core/ports";
import { backoffMs } from "./backoff.ts";
import { deadline } from "./deadline.ts";
import { givenUpAs } from "./given-up.ts";
import type { KeptLease, LeaseKeeper } from "./lease-keeper.ts";
import type { RunHandle, RunOutcome, RunRequest } from "./run-handle.ts";

export interface SessionWorkerOptions {
  readonly leases: Pick<Leases, "claim" | "release">;
  readonly keeper: Pick<LeaseKeeper, "current" | "held">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  /** Behaviour versions of open turns that `drive` can go on with (D7). */
  readonly behaviours: readonly string[];
  /**
   * Drives a claimed session and leaves it. `signal`: stop at once; `stopping`: begin nothing new; `isOver`: see `KeptLease`.
   * Resolves to how the session was left, where it can say so. When it rejects, the session is not left yet, and the worker does it.
   */
  drive(
    claim: SessionClaim,
    options: {
      readonly signal: AbortSignal;
      readonly stopping: AbortSignal;
      readonly isOver: KeptLease["isOver"];
    },
  ): Promise<unknown>;
  /**
   * Called once for each session that was submitted, when it was left, however. `nothingLeft`: it was left idle, so that the store hints
   * of it as soon as there is something to do.
   */
  completed(sessionId: SessionId, how: { readonly nothingLeft: boolean }): void;
  /** How long drives that were told to end at once are waited for, in milliseconds. Default 1 000. */
  readonly endMs?: number;
}

/**
 * Claims sessions for this node and drives them side by side.
 *
 * - Q8 A session whose drive failed is left again and again until the store has heard of it, or the node's lease is over: else this
 *   node would own it for ever without driving it.
 * - Q12 Of one session no two drives go on. A claim that a crash of the database undid may come again with the same number, and then the
 *   store cannot tell its two drives apart: the earlier one is ended before the later one begins (D1).
 */
export interface SessionWorker extends Required<RunHandle> {
  /**
   * As a claim by `runQueuedWork`, of a session that `ask` makes this node's with something else that it does: it calls `taken` then, and
   * need not be over. Given no lease, it claims nothing: this node is stopping, or its lease has to be opened first. Rejects as `ask` does,
   * unless something was taken.
   */
  take(
    ask: (lease: NodeLease | undefined, taken: (claim: SessionClaim) => void) => Promise<unknown>,
  ): Promise<RunOutcome>;
  /** Sessions driven so far. */
  readonly driven: number;
  /** Resolves when nothing is being driven. */
  idle(): Promise<void>;
}

export function createSessionWorker(options: SessionWorkerOptions): SessionWorker {
  const { leases, keeper, clock, logger, random, behaviours, endMs = 1_000 } = options;
  const stopping = new AbortController();
  /** Set once drives are told to end. */
  let ended: PawlError | undefined;
  const drives = new Map<Promise<void>, SessionId>();
  /** Ends the drive of a session that was begun last. */
  const latest = new Map<SessionId, AbortController>();
  /** What ends the drives under way, by the signal that their lease is lost: one listener for all of them. */
  const stops = new Map<AbortSignal, Set<AbortController>>();
  const claims = new Set<Promise<unknown>>();
  let driven = 0;

  async function claim({ sessionId, limit = 1 }: RunRequest): Promise<RunOutcome> {
    const kept = await keeper.current();
    const wanted = { limit, behaviours, ...(sessionId !== undefined && { sessionId }) };
    const claimed = await leases.claim(kept.lease, wanted);
    // Also when this node is stopping by now: the drives leave what they were given.
    for (const one of claimed) begin(one, kept);
    const [first, ...others] = claimed.map((one) => one.sessionId);
    if (first === undefined) return { type: "idle" };
    return { type: "submitted", sessionId: first, ...(others.length > 0 && { others }) };
  }

  async function take(ask: Parameters<SessionWorker["take"]>[0]): Promise<RunOutcome> {
    const kept = stopping.signal.aborted || !keeper.held ? undefined : await keeper.current();
    const outcome = Promise.withResolvers<RunOutcome>();
    const taken = (claim: SessionClaim) => {
      if (kept === undefined) return;
      begin(claim, kept);
      outcome.resolve({ type: "submitted", sessionId: claim.sessionId });
    };
    ask(kept?.lease, taken).then(() => outcome.resolve({ type: "idle" }), outcome.reject);
    return outcome.promise;
  }

  /** A node that stops waits for it. */
  function claiming<T>(promise: Promise<T>): Promise<T> {
    const noted = promise.finally(() => claims.delete(noted));
    claims.add(noted);
    return noted;
  }

  function begin(claim: SessionClaim, { lost, isOver }: KeptLease): void {
    const { sessionId } = claim;
    latest.get(sessionId)?.abort(new PawlError("store_fenced", `"${sessionId}" was claimed anew.`));
    const stop = stopOf(lost);
    latest.set(sessionId, stop);
    let nothingLeft = false;
    const driving = drive(claim, stop.signal, isOver).then((left) => {
      nothingLeft = isIdle(left);
    });
    const running = driving.finally(() => {
      drives.delete(running);
      stops.get(lost)?.delete(stop);
      if (latest.get(sessionId) === stop) latest.delete(sessionId);
      options.completed(sessionId, { nothingLeft });
    });
    drives.set(running, sessionId);
  }

  /** Ends one drive; aborted when its lease is lost, or drives are told to end. */
  function stopOf(lost: AbortSignal): AbortController {
    const stop = new AbortController();
    if (lost.aborted || ended !== undefined) {
      stop.abort(ended ?? lost.reason);
      return stop;
    }
    const others = stops.get(lost) ?? new Set();
    if (!stops.has(lost)) {
      stops.set(lost, others);
      const end = () => {
        stops.delete(lost);
        for (const other of others) other.abort(lost.reason);
      };
      lost.addEventListener("abort", end, { once: true });
    }
    others.add(stop);
    return stop;
  }

  async function drive(
    claim: SessionClaim,
    signal: AbortSignal,
    isOver: KeptLease["isOver"],
  ): Promise<unknown> {
    const { sessionId } = claim;
    try {
      const left = await options.drive(claim, { signal, stopping: stopping.signal, isOver });
      driven += 1;
      return left;
    } catch (thrown) {
      const { code, message } = PawlError.from(thrown);
      const level = givenUpAs(thrown, signal);
      logger[level]("a session was given up", { sessionId, code, message });
      // Whoever lost its lease has nothing to leave; else the session is still ours.
      if (level !== "info") await leave(claim, signal);
      return undefined;
    }
  }

  async function leave(claim: SessionClaim, signal: AbortSignal): Promise<void> {
    const { sessionId, fence } = claim;
    for (let failures = 1; !signal.aborted; failures++) {
      const delayMs = backoffMs(failures, random);
      try {
        const how: Release = { type: "retry", delayMs };
        await leases.release(fence, how);
        return;
      } catch (thrown) {
        const { code, message } = PawlError.from(thrown);
        if (code === "store_fenced") return;
        logger.warn("a session could not be left and is left again", { sessionId, code, message, delayMs });
      }
      const { passed, cancel } = deadline(clock, clock.now() + delayMs);
      await Promise.race([passed, aborted(signal)]);
      cancel();
    }
  }

  async function idle(): Promise<void> {
    while (drives.size > 0) await Promise.all(drives.keys());
  }

  /** As `idle`, and nothing is being claimed that would be driven then. */
  async function quiet(): Promise<void> {
    while (claims.size + drives.size > 0) {
      await Promise.allSettled(claims);
      await idle();
    }
  }

  return {
    get driven() {
      return driven;
    },
    idle,
    isRunning: (sessionId) => [...drives.values()].includes(sessionId),
    async runQueuedWork(request) {
      if (stopping.signal.aborted) return { type: "idle" };
      return claiming(claim(request));
    },
    take: (ask) => claiming(take(ask)),
    async stop({ drained }) {
      stopping.abort(new PawlError("node_stopping", "This node is stopping."));
      await Promise.race([quiet(), drained]);
      ended = new PawlError("node_stopped", "This node stopped; whoever owns the session next goes on.");
      for (const stop of [...stops.values()].flatMap((all) => [...all])) stop.abort(ended);
      const { passed, cancel } = deadline(clock, clock.now() + endMs);
      if ((await Promise.race([quiet(), passed])) === "passed") {
        // Their writes are fenced; what they hold of this process is lost until they end.
        logger.error("drives did not end when they were told to", { sessionIds: [...drives.values()] });
      }
      cancel();
    },
  };
}

function isIdle(left: unknown): boolean {
  return (left as Partial<Release> | undefined)?.type === "idle";
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
