import {
  BEHAVIOUR,
  drivesTurns,
  type ErrorFacts,
  errorFacts,
  initialState,
  isPawlError,
  type LogBody,
  type LogRow,
  PawlError,
  step,
  type TurnConfig,
  type TurnId,
  type TurnInput,
  type TurnMachine,
  type TurnProtocol,
  turnIdOfInput,
} from "@pawl/core";
import type { Clock, InputRecord, Logger, NextTurn, Store, Toolbox } from "@pawl/core/ports";
import { configHasher } from "./config-hasher.ts";
import type { TurnEnvironment } from "./environment.ts";
import { begunTurn, type FoldedTurn, foldTurn } from "./fold-turn.ts";
import { beginFork, completeFork } from "./fork-turn.ts";
import type { SessionLane } from "./session-lane.ts";

/** A turn that can be driven from here: what it is configured by, where it stands, and the tools of this process. */
export interface OpenTurn {
  readonly machine: TurnMachine;
  readonly folded: FoldedTurn;
  readonly toolbox: Toolbox;
  /** It was begun just now: nothing of it was performed before. */
  readonly isNew?: boolean;
  /** Of one that is being begun: resolves when its first row is written. When it rejects the session's lane is shut. */
  readonly begun?: Promise<void>;
}

export interface BeginOptions {
  /** The turn is begun only to end with this message. */
  readonly refusal?: ErrorFacts;
  /** What is known of the session and of the turn already. */
  readonly next?: Omit<NextTurn, "input">;
}

export interface TurnOpenerOptions {
  readonly store: Store<never>;
  readonly environment: TurnEnvironment;
  readonly protocol: TurnProtocol;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Opens turns: new ones from an input, begun ones from their rows. */
export interface TurnOpener {
  begin(
    lane: SessionLane,
    input: InputRecord,
    signal: AbortSignal,
    options?: BeginOptions,
  ): Promise<OpenTurn>;
  /** `ending`: whether the turn will be ended; tools that cannot be had are done without then. It is asked once its rows are on their way. */
  resume(
    lane: SessionLane,
    turnId: TurnId,
    signal: AbortSignal,
    options?: { readonly ending: () => Promise<boolean> },
  ): Promise<OpenTurn>;
}

export function createTurnOpener({
  store,
  environment,
  protocol,
  clock,
  logger,
}: TurnOpenerOptions): TurnOpener {
  const hashOf = configHasher();

  interface Prepared {
    readonly config: TurnConfig;
    readonly toolbox: Toolbox;
    readonly refusal?: ErrorFacts;
  }

  /** What the host or a peer did wrong will not pass by itself: the turn begins and ends with that message. */
  async function prepare(input: InputRecord, signal: AbortSignal): Promise<Prepared> {
    try {
      return await environment.prepare(input, { sessionId: input.sessionId, signal });
    } catch (thrown) {
      if (!isPawlError(thrown) || thrown.blame === "infrastructure" || signal.aborted) throw thrown;
      return refused(thrown);
    }
  }

  function refused({ code, message }: ErrorFacts): Prepared {
    return { config: environment.fallback, toolbox: NO_TOOLS, refusal: { code, message } };
  }

  /** Somebody who did not know that he was superseded may have asked for work that nobody waits for any more. */
  async function tooLate(input: InputRecord): Promise<ErrorFacts | undefined> {
    const parent = environment.parentOf?.(input);
    if (parent === undefined) return undefined;
    const [committed, state] = await Promise.all([
      store.sessions.loadCommitted(parent.turnId),
      store.sessions.loadRuntimeState(parent.sessionId),
    ]);
    if (committed === null && (state === null || drivesTurns(state))) return undefined;
    const message = `Turn ${parent.turnId}, for which this one should work, has ended.`;
    return { code: "parent_ended", message };
  }

  /** What the machine is told first: the input, where the session stands, and a cancel that came before (D18). */
  async function beginInput(
    input: InputRecord,
    turnId: TurnId,
    refusal: ErrorFacts | undefined,
    known: BeginOptions["next"],
  ): Promise<TurnInput> {
    const { sessionId, inputId, content } = input;
    const { base, cancel } = known ?? (await whereItStands(sessionId, turnId));
    const parent = environment.parentOf?.(input);
    return {
      type: "begin",
      now: clock.now(),
      sessionId,
      turnId,
      inputs: [{ inputId, parts: content.parts }],
      base,
      ...(parent !== undefined && { parent }),
      ...(cancel !== null && { cancel }),
      ...(refusal !== undefined && { refusal }),
    };
  }

  async function whereItStands(
    sessionId: InputRecord["sessionId"],
    turnId: TurnId,
  ): Promise<Omit<NextTurn, "input">> {
    const [session, cancel] = await Promise.all([
      store.sessions.load(sessionId),
      store.sessions.pendingCancel(turnId),
    ]);
    return { base: { revision: session?.revision ?? 0, messages: session?.messageCount ?? 0 }, cancel };
  }

  async function configOf(rows: readonly LogRow[], turnId: TurnId): Promise<TurnConfig> {
    const first = rows[0]?.body;
    const hash = first?.kind === "machine_input" ? first.turn?.config : undefined;
    const config = hash === undefined ? null : await store.sessions.loadConfig(hash);
    if (config !== null) return config;
    const message = `The configuration of turn ${turnId} is missing. Restore it from a backup, or cancel the turn.`;
    throw new PawlError("store_corrupt_row", message, { blame: "infrastructure" });
  }

  async function reopen(
    config: TurnConfig,
    sessionId: string,
    signal: AbortSignal,
    ending: boolean,
  ): Promise<Toolbox> {
    try {
      return await environment.reopen(config, { sessionId, signal });
    } catch (cause) {
      if (!ending || signal.aborted) throw cause;
      return NO_TOOLS;
    }
  }

  async function resume(
    lane: SessionLane,
    turnId: TurnId,
    signal: AbortSignal,
    { ending } = { ending: async () => false },
  ): Promise<OpenTurn> {
    const { sessionId } = lane;
    const [read, isEnding] = await Promise.all([store.log.read(sessionId, { turnId }), ending()]);
    const isCompleted = await completeFork(store, lane, read);
    const rows = isCompleted ? await store.log.read(sessionId, { turnId }) : read;
    const machine = { config: await configOf(rows, turnId), protocol };
    const folded = foldTurn(machine, rows);
    const done = folded.state.phase.name === "finished";
    // A turn that looked for its tools in between has pinned those that it found last.
    const tools = folded.state.environment?.tools ?? machine.config.tools;
    const toolbox = done ? NO_TOOLS : await reopen({ ...machine.config, tools }, sessionId, signal, isEnding);
    logger.info("resuming a turn", {
      sessionId,
      turnId,
      rows: rows.length,
      outstanding: folded.pending.size,
    });
    return { machine, folded, toolbox };
  }

  async function beginPrepared(
    lane: SessionLane,
    input: InputRecord,
    turnId: TurnId,
    { config, toolbox, refusal }: Prepared,
    known: BeginOptions["next"],
  ): Promise<OpenTurn> {
    const begin = await beginInput(input, turnId, refusal, known);
    const configHash = await hashOf(config);
    const machine = { config, protocol };
    const result = step(machine, initialState(), begin);
    const turn = { behaviour: BEHAVIOUR, config: configHash };
    const body: LogBody = { kind: "machine_input", input: begin, turn, events: result.events };
    const first = { turnId, ordinal: 0, at: begin.now, body };
    // Not waited for here: everything that the turn writes goes through the same lane, behind it.
    const begun = lane.exclusive(async (seq) => {
      const row: LogRow = { ...first, seq };
      const inputIds = [input.inputId];
      await store.sessions.beginTurn(lane.fence, { turnId, inputIds, configHash, config, row });
      return { used: 1, value: undefined };
    });
    // Whoever does not wait for it hears of it from the lane.
    begun.catch(() => {});
    return { machine, toolbox, folded: begunTurn(result), isNew: true, begun };
  }

  return {
    async begin(lane, input, signal, { refusal, next } = {}) {
      const turnId = turnIdOfInput(input.inputId);
      let because = refusal;
      if (because === undefined) {
        try {
          const fork = environment.forkOf?.(input);
          if (fork !== undefined) {
            await beginFork(store, lane, fork, input);
            return await resume(lane, turnId, signal);
          }
        } catch (thrown) {
          if (!isPawlError(thrown) || thrown.blame === "infrastructure") throw thrown;
          because = errorFacts(thrown);
        }
        because ??= await tooLate(input);
      }
      const prepared = because ? refused(because) : await prepare(input, signal);
      try {
        return await beginPrepared(lane, input, turnId, prepared, next);
      } catch (cause) {
        await prepared.toolbox.close?.().catch(() => {});
        throw cause;
      }
    },
    resume,
  };
}

const NO_TOOLS: Toolbox = {
  definitions: [],
  execute: async (call) => ({
    status: "error",
    code: "tool_unavailable",
    message: `The tool "${call.name}" is not offered.`,
  }),
};
