import {
  type Cause,
  createEnvelope,
  dueTimer,
  type EffectEnvelope,
  type EffectId,
  type EffectOutcome,
  executionScope,
  isPawlError,
  type Json,
  type LogBody,
  type MachineEffect,
  type Message,
  mustMatch,
  nextDeadline,
  outstandingEffects,
  type StepResult,
  type TurnInput,
  type TurnMachine,
  type TurnState,
} from "@pawl/core";
import type { Attachments, Clock, Inbox, Logger, Toolbox } from "@pawl/core/ports";
import { Parked } from "../await-events/parked.ts";
import type { EffectController, EffectJournal, Intent, TurnFacts } from "../controller/effect-controller.ts";
import type { RecordedEffect } from "../controller/replay-decision.ts";
import { driveEnded } from "../errors.ts";
import { storable } from "../storable.ts";
import type { FoldedTurn } from "./fold-turn.ts";
import { MAX_RESULT_BYTES, withoutLargeResults } from "./large-results.ts";
import { MachineFeed } from "./machine-feed.ts";
import type { SessionLane } from "./session-lane.ts";
import { Spending } from "./spending.ts";
import { TextStream } from "./text-stream.ts";

/** How far a run came. */
export type RunEnd =
  | { readonly type: "finished" }
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
}

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

/**
 * Drives one turn from where its rows left it. Owns the machine's state; asks the controller to perform; writes every input of the
 * machine as a row and acts on what a step asks for only when that row is durable (E2).
 *
 * Invariants:
 * - R1 `run` resolves: with what the rows say, never before the row of the last input is durable and acted upon.
 * - R2 Nothing is begun, and no row written, after the end: what still runs finds its writes refused.
 * - R3 An effect that is told to stop cannot keep the turn from ending.
 */
export class TurnRun implements EffectJournal {
  readonly nonce: string;
  readonly #o: TurnRunOptions;
  readonly #scope;
  readonly #recorded: Map<EffectId, RecordedEffect>;
  readonly #inFlight = new Map<EffectId, AbortController>();
  readonly #waits = new Map<EffectId, MachineEffect>();
  readonly #aborted: Set<EffectId>;
  readonly #texts = new Map<EffectId, TextStream>();
  readonly #spending: Spending;
  readonly #end = Promise.withResolvers<RunEnd>();
  readonly #feed: MachineFeed;
  #cancelTimer: (() => void) | undefined;
  #stopping = false;
  #ended = false;
  readonly #unlisten: () => void;

  constructor(options: TurnRunOptions) {
    const { state, recorded } = options.folded;
    this.#o = options;
    this.nonce = options.nonce;
    this.#feed = new MachineFeed(state, {
      ...options,
      act: (result) => this.#act(result),
      settled: () => this.#checkEnd(),
    });
    this.#recorded = new Map(recorded);
    this.#aborted = new Set(options.folded.aborted);
    this.#spending = new Spending(() => this.state, options.folded.heldNanoUsd);
    this.#scope = executionScope.turn(state.sessionId, state.turnId);
    // Streamed text is written without anybody waiting for it: the end of the lane must reach whoever runs all the same.
    this.#unlisten = options.lane.onTrip((cause) => this.#broken(cause));
  }

  get state(): TurnState {
    return this.#feed.state;
  }

  /** Begins what is outstanding and resolves when the turn cannot go on by itself. */
  run(): Promise<RunEnd> {
    this.#armTimer(nextDeadline(this.state.timers));
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
    const deadlines = [...this.#waits.values()].map(({ command }) =>
      command.kind === "await_event" ? command.deadline : undefined,
    );
    const due = [...deadlines, nextDeadline(this.state.timers)].filter((at) => at !== undefined);
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
    for (const effect of this.#inFlight.values()) effect.abort(cause);
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

  // EffectJournal, for the controller

  recorded(envelope: EffectEnvelope): RecordedEffect | undefined {
    return this.#recorded.get(envelope.effectId);
  }

  async intent(envelope: EffectEnvelope, intent: Intent): Promise<void> {
    const { effectId } = envelope;
    await this.#write({ kind: "effect_intent", effectId, nonce: this.nonce, ...intent });
  }

  async step(envelope: EffectEnvelope, stepId: string, value: Json): Promise<void> {
    await this.#write({ kind: "step_done", effectId: envelope.effectId, stepId, value: storable(value) });
  }

  async record(envelope: EffectEnvelope, outcome: EffectOutcome): Promise<void> {
    const { effectId, command } = envelope;
    if (this.#recorded.get(effectId)?.outcome !== undefined) return;
    const { attachments, maxResultBytes = MAX_RESULT_BYTES } = this.#o;
    const stored = storable(await withoutLargeResults(outcome, attachments, maxResultBytes));
    this.#texts.get(effectId)?.end();
    this.#texts.delete(effectId);
    this.#recorded.set(effectId, { ...this.#recorded.get(effectId), outcome: stored });
    this.#inFlight.delete(effectId);
    this.#spending.settle(effectId);
    const now = this.#o.clock.now();
    await this.#feed.feed({ type: "effect_settled", now, effectId, outcome: stored }, mustMatch(command));
  }

  async #write(body: Extract<LogBody, { kind: "effect_intent" | "step_done" }>): Promise<void> {
    // A body that ignores its signal outlives its effect, and even its turn.
    const over = this.#ended || this.#recorded.get(body.effectId)?.outcome !== undefined;
    if (over) throw driveEnded(new Error("The effect is over."));
    await this.#o.lane.append([this.#feed.draft(null, this.#o.clock.now(), body)]);
  }

  #act(result: StepResult): void {
    this.#armTimer(result.wakeAt);
    for (const id of result.aborts) {
      this.#aborted.add(id);
      this.#inFlight.get(id)?.abort(asksToStop());
      // A wait that was left to the store is performed once more, told to stop: it settles its own event.
      const wait = this.#waits.get(id);
      if (wait) this.#launch(wait, true);
    }
    for (const effect of result.effects) this.#launch(effect, false);
    this.#checkEnd();
  }

  #launch(effect: MachineEffect, resumed: boolean): void {
    if (this.#stopping || this.#ended) return;
    const aborted = this.#aborted.has(effect.id);
    const abort = new AbortController();
    if (aborted) abort.abort(asksToStop());
    this.#inFlight.set(effect.id, abort);
    const work =
      effect.command.kind === "checkpoint"
        ? this.#feed.checkpoint(effect)
        : this.#perform(effect, abort.signal, resumed);
    this.#waits.delete(effect.id);
    work
      .catch((cause: unknown) => {
        if (waitsElsewhere(effect, cause)) this.#leaveToStore(effect);
        else this.#broken(cause, effect.id);
      })
      .finally(() => {
        this.#inFlight.delete(effect.id);
        this.#checkEnd();
      });
  }

  async #perform(effect: MachineEffect, signal: AbortSignal, resumed: boolean): Promise<void> {
    const { lane, clock, controller } = this.#o;
    const envelope = this.#envelope(effect);
    const text =
      effect.command.kind === "model_call"
        ? new TextStream(lane, clock, this.#feed.turnId, effect.id, this.#o.folded.streamed.get(effect.id))
        : undefined;
    if (text) this.#texts.set(effect.id, text);
    const outcome = await controller.execute(envelope, {
      signal,
      resumed,
      journal: this,
      turn: this.#facts(),
      ...(text && { onText: (t: string) => text.push(t), onReset: () => text.reset() }),
    });
    // A controller that keeps no record leaves it to the driver: what is fed to the machine is a row in any case (D6).
    await this.record(envelope, outcome);
  }

  #envelope(effect: MachineEffect): EffectEnvelope {
    const cause: Cause = { type: "turn", iteration: this.state.iteration };
    return createEnvelope(this.#scope, effect.id, effect.command, cause);
  }

  /** Nothing of the wait stays in memory; without a store of waits only the end of the turn settles it. */
  #leaveToStore(wait: MachineEffect): void {
    this.#inFlight.delete(wait.id);
    if (!this.#aborted.has(wait.id)) {
      this.#waits.set(wait.id, wait);
      return;
    }
    const cancelled: EffectOutcome = { kind: "await_event", resolution: { status: "cancelled" } };
    this.record(this.#envelope(wait), cancelled).catch((cause: unknown) => this.#broken(cause));
  }

  #facts(): TurnFacts {
    const { machine, base, toolbox, refreshTools } = this.#o;
    const state = this.state;
    return {
      sessionId: state.sessionId,
      turnId: state.turnId,
      config: machine.config,
      environment: state.environment,
      messages: (upTo) => [...base, ...state.delta.slice(0, upTo)],
      toolbox,
      spending: this.#spending,
      ...(refreshTools && { refreshTools }),
    };
  }

  #armTimer(wakeAt: number | undefined): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (wakeAt === undefined || this.#ended) return;
    this.#cancelTimer = this.#o.clock.at(wakeAt, () => {
      void this.#fireTimers().catch((cause: unknown) => this.#broken(cause));
    });
  }

  async #fireTimers(): Promise<void> {
    const now = this.#o.clock.now();
    // Each is looked up anew: a timer that fires may set or remove others.
    let timer = dueTimer(this.state.timers, now);
    while (timer !== undefined && !this.#ended) {
      await this.feed({ type: "timer_fired", now, timer });
      timer = dueTimer(this.state.timers, now);
    }
    // A clock that fired early has nothing due: it is asked again.
    this.#armTimer(nextDeadline(this.state.timers));
  }

  #checkEnd(): void {
    if (this.#ended || this.#feed.busy) return;
    if (this.state.phase.name === "finished") {
      // What still runs was told to stop; its settlement would be stale.
      for (const effect of this.#inFlight.values()) effect.abort();
      this.#finish({ type: "finished" });
    } else if (this.#inFlight.size > 0) {
      return;
    } else if (this.#stopping) {
      this.#finish({ type: "stopped" });
    } else if (this.#waits.size > 0 && this.state.phase.name === "waiting") {
      this.#finish({ type: "waiting" });
    }
  }

  #broken(cause: unknown, effectId?: EffectId): void {
    if (!isPawlError(cause) || !BLOCKING.has(cause.code)) {
      this.abort(cause);
      return;
    }
    // Of an effect that shall stop nothing is wanted any more: a grace timer writes it off (R3).
    const unwanted = effectId !== undefined && this.#aborted.has(effectId);
    if (unwanted && nextDeadline(this.state.timers) !== undefined) return;
    const { code, message } = cause;
    this.#halt({ type: "blocked", code, message }, cause);
  }

  #finish(end: RunEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTimer?.();
    this.#unlisten();
    // A model that goes on talking must not write into a log whose turn is closed (D8).
    for (const text of this.#texts.values()) text.end();
    this.#end.resolve(end);
  }
}

/** A wait that was parked, or that this host has no executor for. */
function waitsElsewhere({ command }: MachineEffect, cause: unknown): boolean {
  if (command.kind !== "await_event") return false;
  return cause instanceof Parked || isPawlError(cause, "runtime_effect_local_executor_unavailable");
}

function asksToStop(): DOMException {
  return new DOMException("The turn asks this effect to stop.", "AbortError");
}
