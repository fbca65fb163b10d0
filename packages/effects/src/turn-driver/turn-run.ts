import {
  type Cause,
  createEnvelope,
  type EffectEnvelope,
  type EffectId,
  type EffectKind,
  type EffectOutcome,
  executionScope,
  isPawlError,
  type LogRow,
  type MachineEffect,
  type Message,
  nextDeadline,
  outstandingEffects,
  type StepResult,
  type TurnInput,
  type TurnMachine,
  type TurnState,
} from "@pawl/core";
import type { Attachments, Clock, Inbox, Logger, Toolbox } from "@pawl/core/ports";
import type { EffectController, TurnFacts } from "../controller/effect-controller.ts";
import { leftBy, OutboxRoom } from "../executors/outbox-room.ts";
import type { AheadOfRow } from "./ahead-of-row.ts";
import { EffectsAhead } from "./effects-ahead.ts";
import { EffectsInFlight, type Performing } from "./effects-in-flight.ts";
import type { FoldedTurn } from "./fold-turn.ts";
import { MachineFeed } from "./machine-feed.ts";
import type { SessionLane } from "./session-lane.ts";
import { Spending } from "./spending.ts";
import { TextStream } from "./text-stream.ts";
import { type TurnFactsSource, turnFacts } from "./turn-facts.ts";
import { TurnJournal } from "./turn-journal.ts";
import { TurnTimer } from "./turn-timer.ts";

/** How far a run came. */
export type RunEnd =
  /** `committed`: with the row that ended it. */
  | { readonly type: "finished"; readonly committed: boolean }
  /** Everything that is outstanding is waited for. */
  | { readonly type: "waiting" }
  /** The host is stopping: nothing new was begun. */
  | { readonly type: "stopped" }
  | { readonly type: "blocked"; readonly code: string; readonly message: string }
  | { readonly type: "failed"; readonly cause: unknown };

export interface TurnRunOptions {
  readonly machine: TurnMachine;
  readonly folded: FoldedTurn;
  /** The session's messages before this turn. */
  readonly base: readonly Message[];
  readonly toolbox: Toolbox;
  readonly refreshTools?: TurnFacts["refreshTools"];
  readonly lane: SessionLane;
  readonly inbox: Pick<Inbox, "checkpoint">;
  readonly attachments: Attachments;
  readonly maxResultBytes?: number;
  readonly controller: EffectController;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nonce: string;
  /** Commits the turn with the rows that end it; false: nothing was written. Default: it is committed after its run. */
  readonly commit?: (state: TurnState, rows: readonly LogRow[]) => Promise<boolean>;
  /** Of a turn that is being begun: resolves when its first row is written. */
  readonly begun?: Promise<void>;
  /** The turn was begun just now, by an input that found nothing else to do. */
  readonly isNew?: boolean;
  /** By the clock, the lease is over under which the turn is driven. Default: it never is. */
  readonly isOver?: () => boolean;
}

/** May be performed again as often as one likes, so they need not wait until their turn has begun. */
const MAY_BE_AHEAD: ReadonlySet<EffectKind> = new Set(["model_call", "sync_environment"]);

/** Errors that a retry cannot mend: somebody must bring the right code, or look. */
const BLOCKING = new Set([
  "nondeterminism_detected",
  "store_corrupt_row",
  "runtime_effect_local_executor_unavailable",
  "runtime_effect_local_executor_mismatch",
  "runtime_effect_wrong_outcome",
  "journal_missing",
  "turn_missing",
]);

const WAIT_CANCELLED: EffectOutcome = { kind: "await_event", resolution: { status: "cancelled" } };

/**
 * Drives one turn from where its rows left it. Owns the machine's state; asks the controller to perform; writes every input of the
 * machine as a row and acts on what a step asks for only when that row is durable (E2). The first calls of a turn that is being begun go out
 * beside its begin, those that may be repeated without anybody's leave; everything they come to is written behind it (ADR 31). After a wait
 * whose answer is durable in its own row, a model is asked beside the rows that say so here (ADR 37).
 *
 * Invariants:
 * - R1 `run` resolves: with what the rows say, never before the row of the last input is durable and acted upon.
 * - R2 Nothing is begun, and no row written, after the end: what still runs finds its writes refused.
 * - R3 An effect that is told to stop cannot keep the turn from ending.
 */
export class TurnRun {
  readonly #o: TurnRunOptions;
  readonly #scope;
  readonly #inFlight: EffectsInFlight;
  readonly #journal: TurnJournal;
  readonly #texts = new Map<EffectId, TextStream>();
  readonly #ahead: EffectsAhead;
  readonly #spending: Spending;
  readonly #facts: TurnFactsSource;
  readonly #end = Promise.withResolvers<RunEnd>();
  readonly #feed: MachineFeed;
  readonly #timer: TurnTimer;
  #stopping = false;
  #ended = false;
  #committed = false;
  readonly #unlisten: () => void;

  constructor(options: TurnRunOptions) {
    const { state, recorded } = options.folded;
    this.#o = options;
    this.#feed = new MachineFeed(state, {
      ...options,
      checkpoint: (effect) => this.#launch(effect, false),
      goAhead: (guess) => this.#ahead.begin(guess),
      act: (result, guess) => this.#act(result, guess),
      commit: async (...end) => {
        this.#committed = (await options.commit?.(...end)) ?? false;
        return this.#committed;
      },
      settled: () => this.#checkEnd(),
      maybeSteered: options.isNew !== true,
    });
    this.#inFlight = new EffectsInFlight({
      aborted: options.folded.aborted,
      perform: (effect, how) => this.#perform(effect, how),
      cancelWait: (wait) => this.#journal.record(this.#envelope(wait), WAIT_CANCELLED),
      broken: (cause, effectId) => this.#broken(cause, effectId),
      left: () => this.#checkEnd(),
    });
    this.#ahead = new EffectsAhead({
      // Who may have been superseded while he stood still has to hear of it before anything is performed (D3).
      isOver: () => this.#stopping || this.#ended || options.lane.tripped || options.isOver?.() === true,
      launch: (effect) => this.#launch(effect, false),
      takeBack: (id) => this.#forget(id),
    });
    this.#journal = new TurnJournal({
      ...options,
      feed: this.#feed,
      recorded,
      isOver: () => this.#ended,
      settled: (effectId) => this.#settled(effectId),
    });
    this.#timer = new TurnTimer({
      clock: options.clock,
      state: () => this.state,
      feed: (input) => this.feed(input),
      isOver: () => this.#ended,
      broken: (cause) => this.#broken(cause),
    });
    this.#spending = new Spending(() => this.state, options.folded.heldNanoUsd);
    this.#facts = {
      machine: options.machine,
      base: options.base,
      toolbox: options.toolbox,
      spending: this.#spending,
      outboxRoom: new OutboxRoom(() => leftBy(this.state)),
      ...(options.refreshTools && { refreshTools: options.refreshTools }),
    };
    this.#scope = executionScope.turn(state.sessionId, state.turnId);
    // Streamed text is written without anybody waiting for it: the end of the lane must reach whoever runs all the same.
    this.#unlisten = options.lane.onTrip((cause) => this.#broken(cause));
  }

  get state(): TurnState {
    return this.#feed.state;
  }

  /** Begins what is outstanding and resolves when the turn cannot go on by itself. */
  run(): Promise<RunEnd> {
    this.#timer.arm(nextDeadline(this.state.timers));
    // What was fed before (a cancel, the end of the attempts) may have ended some of it.
    const outstanding = new Set(outstandingEffects(this.state));
    for (const effect of this.#o.folded.pending.values()) {
      if (outstanding.has(effect.id)) this.#launch(effect, true);
    }
    this.#checkEnd();
    return this.#end.promise;
  }

  /** When a waiting turn has to be looked at although nothing was resolved; milliseconds since the epoch. */
  nextDeadline(): number | undefined {
    const timer = nextDeadline(this.state.timers);
    const due = [...this.#inFlight.deadlines, ...(timer === undefined ? [] : [timer])];
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Begins nothing new; what runs may end. */
  stop(): void {
    this.#stopping = true;
    this.#checkEnd();
  }

  /** Ends at once: what runs is aborted and nothing of it is recorded (D3). */
  abort(cause: unknown): void {
    this.#halt({ type: "failed", cause }, cause);
  }

  #halt(end: RunEnd, cause: unknown): void {
    this.#inFlight.abortAll(cause);
    // The lane goes on after the turn: a late failure of what a turn left behind is not the session's.
    if (this.#ended) return;
    this.#unlisten();
    this.#o.lane.trip(cause);
    this.#finish(end);
  }

  /** Feeds an input that is no effect's outcome: a cancel request, a timer. Resolves when it is durable and acted upon. */
  async feed(input: TurnInput): Promise<void> {
    await this.#feed.feed(input);
  }

  /** Something has come to the session, perhaps an input that wants to steer the turn. */
  hinted(): void {
    this.#feed.hinted();
  }

  #act(result: StepResult, guess?: StepResult): void {
    this.#timer.arm(result.wakeAt);
    for (const id of result.aborts) this.#inFlight.abort(id, (wait) => this.#launch(wait, true));
    const begun = guess === undefined ? [] : this.#ahead.settle(guess, result);
    for (const effect of result.effects) if (!begun.includes(effect)) this.#launch(effect, false);
    this.#checkEnd();
  }

  #launch(effect: MachineEffect, resumed: boolean): void {
    if (!this.#stopping && !this.#ended) this.#inFlight.launch(effect, resumed);
  }

  async #perform(effect: MachineEffect, how: Performing): Promise<void> {
    const { begun } = this.#o;
    const { kind } = effect.command;
    if (kind === "checkpoint") return await this.#feed.checkpoint(effect);
    if (begun !== undefined && !MAY_BE_AHEAD.has(kind)) await begun;
    const ahead = this.#ahead.of(effect);
    try {
      await this.#execute(effect, how, ahead);
    } catch (cause) {
      if (ahead === undefined || (await ahead.isAskedFor())) throw cause;
    }
  }

  async #execute(effect: MachineEffect, { signal, resumed }: Performing, ahead?: AheadOfRow): Promise<void> {
    const { lane, clock, controller, folded } = this.#o;
    const { kind } = effect.command;
    const state = ahead?.state ?? this.state;
    const envelope = this.#envelope(effect, state);
    const text =
      kind === "model_call"
        ? new TextStream(lane, clock, this.#feed.turnId, effect.id, folded.streamed.get(effect.id))
        : undefined;
    if (text) this.#texts.set(effect.id, text);
    const shown = text && (ahead?.text(text) ?? text);
    const journal = ahead?.journal(this.#journal) ?? this.#journal;
    const outcome = await controller.execute(envelope, {
      signal,
      resumed,
      journal,
      turn: turnFacts(state, this.#facts),
      ...(kind === "await_event" && { onDurable: () => this.#journal.answered(effect.id) }),
      ...(shown && { onText: (t: string) => shown.push(t), onReset: () => shown.reset() }),
    });
    // A controller that keeps no record leaves it to the driver: what is fed to the machine is a row in any case (D6).
    await journal.record(envelope, outcome);
  }

  /** What is shown of an effect comes before its outcome, and nothing of it after. */
  #settled(effectId: EffectId): void {
    this.#texts.get(effectId)?.end();
    this.#texts.delete(effectId);
    this.#inFlight.settled(effectId);
    this.#spending.settle(effectId);
  }

  /** It was begun in vain. */
  #forget(effectId: EffectId): void {
    this.#texts.delete(effectId);
    this.#inFlight.takeBack(effectId);
    this.#spending.settle(effectId);
  }

  #envelope(effect: MachineEffect, { iteration } = this.state): EffectEnvelope {
    const cause: Cause = { type: "turn", iteration };
    return createEnvelope(this.#scope, effect.id, effect.command, cause);
  }

  #checkEnd(): void {
    if (this.#ended || this.#feed.busy) return;
    if (this.state.phase.name === "finished") {
      // What still runs was told to stop; its settlement would be stale.
      this.#inFlight.abortAll();
      this.#finish({ type: "finished", committed: this.#committed });
    } else if (this.#inFlight.performing > 0) {
      return;
    } else if (this.#stopping) {
      this.#finish({ type: "stopped" });
    } else if (this.#inFlight.waiting > 0 && this.state.phase.name === "waiting") {
      this.#finish({ type: "waiting" });
    }
  }

  #broken(cause: unknown, effectId?: EffectId): void {
    if (!isPawlError(cause) || !BLOCKING.has(cause.code)) {
      this.abort(cause);
      return;
    }
    // Of an effect that shall stop nothing is wanted any more: a grace timer writes it off (R3).
    const unwanted = effectId !== undefined && this.#inFlight.isAborted(effectId);
    if (unwanted && nextDeadline(this.state.timers) !== undefined) return;
    const { code, message } = cause;
    this.#halt({ type: "blocked", code, message }, cause);
  }

  #finish(end: RunEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer.disarm();
    this.#unlisten();
    // A model that goes on talking must not write into a log whose turn is closed (D8).
    for (const text of this.#texts.values()) text.end();
    this.#ahead.end();
    this.#end.resolve(end);
  }
}
