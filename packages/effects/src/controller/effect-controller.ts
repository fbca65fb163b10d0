import type {
  CommandOf,
  EffectEnvelope,
  EffectId,
  EffectKind,
  EffectOutcome,
  Json,
  LeftMessage,
  Message,
  OutcomeOf,
  ParentTurn,
  Reserved,
  SyncedEnvironment,
  ToolDefinition,
  TurnConfig,
  TurnLimits,
} from "@pawl/core";
import type { Toolbox } from "@pawl/core/ports";
import type { RecordedEffect } from "./replay-decision.ts";

/** What an effect of a turn may look at while it is performed. Nothing here lasts. */
export interface TurnFacts {
  readonly sessionId: string;
  readonly turnId: string;
  readonly config: TurnConfig;
  readonly environment: SyncedEnvironment | undefined;
  /** The session's messages and the first `upTo` of the turn's own. */
  messages(upTo: number): readonly Message[];
  /** The turn's own messages so far. */
  readonly delta: readonly Message[];
  /** Keys of calls that were handed to other agents, perhaps, and of which nothing is recorded yet. */
  readonly handingOver: readonly string[];
  /** For whom the turn works. */
  readonly parent: ParentTurn | undefined;
  readonly toolbox: Toolbox;
  readonly spending: TurnSpending;
  /** Bounds what all calls of the turn leave for the world outside; absent where no turn commits. */
  readonly outboxRoom?: TurnOutboxRoom;
  /** Looks for the tools anew; `use`: they take the place of the turn's own. Absent where nobody can. */
  readonly refreshTools?: (use: boolean) => Promise<readonly ToolDefinition[]>;
}

/** The turn's money, see `turn-driver/spending.ts`. All amounts are integer nano US dollars. */
export interface TurnSpending {
  free(budgetNanoUsd: number): number;
  /** Synchronous, so that two calls at once cannot both take the last cent. @returns false when it does not fit */
  hold(effectId: EffectId, nanoUsd: number, budgetNanoUsd: number): boolean;
  heldFor(effectId: EffectId): number | undefined;
  /**
   * Sets a part of the budget aside for another agent: what is wanted or, where nothing is said, half of what is left; never more than is
   * left. Where the turn has no such budget, what is wanted is given. @returns undefined when nothing is left
   */
  carve(callKey: string, want: Wanted, limits: TurnLimits): Reserved | undefined;
  /** What was set aside for this call before, by an owner that died before it was recorded. */
  carved(callKey: string, reserved: Reserved): void;
}

/** How much of a turn's outbox is free, see `executors/outbox-room.ts`. */
export interface TurnOutboxRoom {
  /** Synchronous, for a message of so many characters. @returns false when it does not fit any more */
  take(chars: number): boolean;
  /** What these took is free again: the attempt that left them failed. */
  giveBack(messages: readonly LeftMessage[]): void;
}

export interface Wanted {
  readonly tokens: number | undefined;
  readonly costNanoUsd: number | undefined;
}

/** An attempt that is about to begin: written down before it does. */
export interface Intent {
  readonly attempt: number;
  /** Milliseconds since the epoch; what did not begin by then never begins. */
  readonly startBefore: number;
  /** Held until the outcome is known (D13), in integer nano US dollars. */
  readonly reservedNanoUsd?: number;
}

/**
 * The record of one owner's effects. The turn driver implements it over the session's log; its writes are durable when they
 * resolve, and reject once the lease is lost (D3).
 */
export interface EffectJournal {
  /** Tells the intents of this drive from those of one that died. */
  readonly nonce: string;
  recorded(envelope: EffectEnvelope): RecordedEffect | undefined;
  intent(envelope: EffectEnvelope, intent: Intent): Promise<void>;
  record(envelope: EffectEnvelope, outcome: EffectOutcome): Promise<void>;
  /** What an attempt with an intent leaves for the world outside while it goes on (D23). Durable soon: nobody waits for it. Absent: nothing is kept. */
  left?(envelope: EffectEnvelope, messages: readonly LeftMessage[]): void;
  /** A step of a composite tool (D14), with a value that every store can keep. */
  step(envelope: EffectEnvelope, stepId: string, value: Json): Promise<void>;
}

export interface EffectContext {
  readonly signal: AbortSignal;
  /** Text as it comes; display only. */
  readonly onText?: (text: string) => void;
  /** What was shown of this effect before is void: it is tried again, because this failed. */
  readonly onReset?: (failure?: FailedAttempt) => void;
  /** Called by what performs a wait, once the answer is known to be in the store: recording it tells nothing new. */
  readonly onDurable?: () => void;
  /** The turn was taken over while this effect was outstanding: it may have been begun before, without a trace. */
  readonly resumed?: boolean;
  readonly turn?: TurnFacts;
  readonly journal?: EffectJournal;
}

/** Why an effect is tried again. */
export interface FailedAttempt {
  readonly code?: string;
  readonly message: string;
}

/** Knows how to perform one kind of effect in this process. Failures of models and tools are outcomes, not exceptions. */
export type EffectExecutor<Kind extends EffectKind = EffectKind> = (
  envelope: EffectEnvelope<CommandOf<Kind>>,
  context: EffectContext,
) => Promise<OutcomeOf<Kind>>;

/** Executors by the kind that they perform: an envelope finds its executor again after a restart. */
export type Executors = { readonly [Kind in EffectKind]?: EffectExecutor<Kind> };

/**
 * Performs effects. It throws only when the infrastructure failed or the host misused it; then nothing was recorded.
 */
export interface EffectController {
  /** `inline` remembers nothing; `durable` performs a recorded effect never again. */
  readonly tier: "inline" | "durable";
  execute<Kind extends EffectKind>(
    envelope: EffectEnvelope<CommandOf<Kind>>,
    context: EffectContext,
  ): Promise<OutcomeOf<Kind>>;
}
