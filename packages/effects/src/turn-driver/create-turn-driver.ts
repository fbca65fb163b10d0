import {
  BEHAVIOUR,
  type ErrorFacts,
  isPawlError,
  type Message,
  type SessionId,
  standard,
  type TurnId,
  type TurnProtocol,
} from "@pawl/core";
import type { Clock, Logger, NewId, Release, SessionClaim, Store, Toolbox } from "@pawl/core/ports";
import type { EffectController } from "../controller/effect-controller.ts";
import { systemClock } from "../system-clock.ts";
import { type AgentEnvironmentOptions, agentEnvironment } from "./agent-environment.ts";
import { commitTurn, commitWithRows } from "./commit-turn.ts";
import { CurrentToolbox } from "./current-toolbox.ts";
import { endUnreadable } from "./end-unreadable.ts";
import type { TurnEnvironment } from "./environment.ts";
import { isUnreadable, leaveAfterFailure, leaveSession } from "./leave-session.ts";
import { createTurnOpener, type OpenTurn } from "./open-turn.ts";
import { SessionLane } from "./session-lane.ts";
import { type RunEnd, TurnRun } from "./turn-run.ts";
import { watchCancel } from "./watch-cancel.ts";

export interface TurnDriverOptions<Tx = never> extends AgentEnvironmentOptions {
  readonly store: Store<Tx>;
  readonly controller: EffectController;
  /** Where turns get their configuration and tools from. Default: all are turns of `agent` with `tools`. */
  readonly environment?: TurnEnvironment;
  /** Default `standard()`. */
  readonly protocol?: TurnProtocol;
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly newId?: NewId;
  /** Default: silence. */
  readonly logger?: Logger;
  /** JSON of a tool's result that is larger, in bytes, is stored by reference, with a preview in its place. Default 256 KiB. */
  readonly maxResultBytes?: number;
  /** Drives of a session in a row that may leave no trace in its log before its turn is ended (D17). Default 5. */
  readonly maxAttempts?: number;
  /**
   * How long a session with ever more inputs is driven in one go before it is left in favour of others, in milliseconds. Looked at
   * between two turns only. Default 1 000.
   */
  readonly stintMs?: number;
}

export interface DriveOptions {
  /** Aborted: the lease is lost or the process ends now. Nothing more is recorded. */
  readonly signal: AbortSignal;
  /** Aborted: the host is stopping. Nothing new is begun; what runs may end. */
  readonly stopping?: AbortSignal;
  /** By the clock of this process its lease is over, although `signal` may not have been aborted yet. Default: it never is. */
  readonly isOver?: () => boolean;
}

export interface TurnDriver {
  /** Behaviour versions that it can drive: what a claim must ask for (D7). */
  readonly behaviours: readonly string[];
  /**
   * Drives the session's open turn and the inputs queued behind it, until there is nothing to do or nothing can go on; then leaves
   * the session. Resolves to how it was left; rejects when the lease was lost or the store failed.
   */
  drive(claim: SessionClaim, options: DriveOptions): Promise<Release>;
}

/** How long the tools of a turn may take to close, in milliseconds: as long as a stopping host waits. */
const CLOSE_WITHIN_MS = 4_000;

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export function createTurnDriver<Tx = never>(given: TurnDriverOptions<Tx>): TurnDriver {
  const { clock = systemClock, logger = SILENT, environment = agentEnvironment(given) } = given;
  const { protocol = standard(), newId = () => crypto.randomUUID() } = given;
  // The transaction type of a store concerns only who hands one in.
  const store = given.store as unknown as Store<never>;
  const options = { ...given, store, clock, logger, environment, protocol, newId };
  const opener = createTurnOpener(options);
  const { maxAttempts = 5, stintMs = 1_000 } = options;

  async function drive(claim: SessionClaim, under: DriveOptions): Promise<Release> {
    const { signal } = under;
    const lane = new SessionLane(store.log, claim.fence, claim.logHead);
    const onAbort = () => lane.trip(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const how = await driveAll(claim, lane, under);
      return await leaveSession(store.leases, lane, how);
    } catch (cause) {
      if (signal.aborted || isPawlError(cause, "store_fenced")) throw cause;
      return await leaveAfterFailure(store.leases, claim, cause, logger);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async function driveAll(claim: SessionClaim, lane: SessionLane, under: DriveOptions): Promise<Release> {
    const { signal, stopping } = under;
    let open = claim.openTurn;
    let { next } = claim;
    let attempts = claim.attempts;
    const stintEndsAt = clock.now() + stintMs;
    for (let turns = 0; ; turns++) {
      signal.throwIfAborted();
      if (open === null) {
        if (stopping?.aborted) return { type: "idle" };
        const input = next?.input ?? (await store.inbox.next(claim.fence));
        if (input === null) return { type: "idle" };
        // Behind those that wait by now: its need counts from this moment on.
        if (turns > 0 && clock.now() >= stintEndsAt) return { type: "retry", delayMs: 0 };
        const refusal = attempts > maxAttempts ? exhausted(attempts) : undefined;
        const said = next && before(claim.sessionId, next.base.messages);
        const askedAt = clock.now();
        const begun = await opener.begin(lane, input, signal, {
          ...(refusal && { refusal }),
          ...(next && { next }),
        });
        // Whoever stood still for a whole lease has to hear that it is over before it performs anything (D3).
        const stoodStill = clock.now() - askedAt >= claim.fence.node.ttlMs;
        const turn = stoodStill ? { ...begun, isNew: false } : begun;
        const left = await driveTurn(lane, turn, 0, under, turn.isNew ? said : undefined);
        if (left !== undefined) return left;
      } else {
        const turn = await resume(lane, open, attempts, signal);
        const left = turn && (await driveTurn(lane, turn, attempts, under));
        if (left !== undefined) return left;
      }
      open = null;
      next = undefined;
      attempts = 0;
    }
  }

  /** Undefined when the turn cannot be replayed and somebody had asked for its end: it is ended. */
  async function resume(
    lane: SessionLane,
    turnId: TurnId,
    attempts: number,
    signal: AbortSignal,
  ): Promise<OpenTurn | undefined> {
    const cancelled = store.sessions.pendingCancel(turnId);
    // A turn that is about to end needs no tools, and must not stay open because they cannot be had.
    const ending = async () => (await cancelled) !== null || attempts > maxAttempts;
    try {
      return await opener.resume(lane, turnId, signal, { ending });
    } catch (thrown) {
      const cancel = await cancelled;
      if (cancel === null || !isUnreadable(thrown)) throw thrown;
      await endUnreadable(store, clock, lane, turnId, cancel);
      return undefined;
    }
  }

  /** What was said before a turn. Nobody but the holder adds to it, so it may be asked for while the turn is being begun. */
  function before(sessionId: SessionId, messages: number): Promise<readonly Message[]> {
    if (messages === 0) return Promise.resolve([]);
    const said = store.sessions.transcript(sessionId);
    // When the begin fails, nobody waits for it.
    said.catch(() => {});
    return said;
  }

  /** Resolves to how the session is to be left, or to undefined when the turn is committed and the next may follow. */
  async function driveTurn(
    lane: SessionLane,
    turn: OpenTurn,
    attempts: number,
    under: DriveOptions,
    said?: Promise<readonly Message[]>,
  ): Promise<Release | undefined> {
    const { signal, isOver } = under;
    const { machine, folded } = turn;
    const { environment } = options;
    const toolbox = new CurrentToolbox(turn.toolbox);
    const refreshTools = async (use: boolean) => {
      const next = await environment.refresh?.(machine.config, { sessionId: lane.sessionId, signal });
      if (next === undefined) return toolbox.definitions;
      if (use) toolbox.switchTo(next);
      else await closeTools(next);
      return next.definitions;
    };
    try {
      const base = await (said ?? before(lane.sessionId, folded.state.base.messages));
      // Whoever listens from here on hears of an abort, and of a begin that was refused; one that came before has to be asked for.
      signal.throwIfAborted();
      // Who may have been superseded while he stood still asks before anything is performed (D3).
      if (lane.tripped || isOver?.()) await turn.begun;
      const { inbox, attachments, sessions } = store;
      const nonce = options.newId();
      const run = new TurnRun({
        ...options,
        machine,
        folded,
        toolbox,
        lane,
        inbox,
        attachments,
        base,
        nonce,
        commit: (state, rows) => commitWithRows(state, rows, { fence: lane.fence, sessions, clock }),
        ...(turn.begun && { begun: turn.begun }),
        isNew: turn.isNew === true,
        ...(isOver && { isOver }),
        ...(environment.refresh && { refreshTools }),
      });
      return await driveRun(run, turn.isNew === true, lane, attempts, under);
    } finally {
      await closeTools(toolbox);
    }
  }

  async function driveRun(
    run: TurnRun,
    isNew: boolean,
    lane: SessionLane,
    attempts: number,
    { signal, stopping }: DriveOptions,
  ): Promise<Release | undefined> {
    const turnId = run.state.turnId as TurnId;
    const abort = () => run.abort(signal.reason);
    const stop = () => run.stop();
    signal.addEventListener("abort", abort, { once: true });
    stopping?.addEventListener("abort", stop, { once: true });
    const unwatch = watchCancel(store, clock, lane.sessionId, turnId, {
      tell: (evidence) =>
        run
          .feed({ type: "cancel_requested", now: clock.now(), evidence })
          .catch((cause: unknown) => run.abort(cause)),
      hinted: () => run.hinted(),
      // A new turn was told of what came before it; what came since reaches it like whatever comes now.
      lookNow: isNew,
    });
    try {
      const cancel = isNew ? null : await store.sessions.pendingCancel(turnId);
      if (cancel !== null && run.state.phase.name !== "finished") {
        await run.feed({ type: "cancel_requested", now: clock.now(), evidence: cancel });
      }
      if (attempts > maxAttempts && run.state.phase.name !== "finished") {
        await run.feed({ type: "give_up", now: clock.now(), ...exhausted(attempts) });
      }
      if (stopping?.aborted) run.stop();
      return await leaving(await run.run(), run, lane);
    } catch (cause) {
      run.abort(cause);
      throw cause;
    } finally {
      unwatch();
      signal.removeEventListener("abort", abort);
      stopping?.removeEventListener("abort", stop);
    }
  }

  /** Tools that fail to close, or never come to an end of it, keep no session. */
  async function closeTools(toolbox: Toolbox): Promise<void> {
    let cancelTimer = () => {};
    const late = new Promise<string>((resolve) => {
      cancelTimer = clock.at(clock.now() + CLOSE_WITHIN_MS, () => resolve("it takes too long"));
    });
    const closing = (async () => toolbox.close?.())().then(() => undefined, String);
    const cause = await Promise.race([closing, late]);
    cancelTimer();
    if (cause !== undefined) logger.warn("closing tools failed", { cause });
  }

  async function leaving(end: RunEnd, run: TurnRun, lane: SessionLane): Promise<Release | undefined> {
    switch (end.type) {
      case "finished":
        if (!end.committed) await commitTurn({ run, lane, sessions: store.sessions, clock });
        return undefined;
      case "waiting": {
        const dueAt = run.nextDeadline();
        return { type: "park", ...(dueAt !== undefined && { dueAt }) };
      }
      case "stopped":
        return { type: "idle" };
      case "blocked":
        logger.error("a turn is blocked", { turnId: run.state.turnId, code: end.code, message: end.message });
        return end;
      case "failed":
        throw end.cause;
    }
  }

  return { behaviours: [BEHAVIOUR], drive };
}

function exhausted(attempts: number): ErrorFacts {
  const message = `It was tried ${attempts} times without getting any further. Look at the host's log, then send the input again.`;
  return { code: "attempts_exhausted", message };
}
