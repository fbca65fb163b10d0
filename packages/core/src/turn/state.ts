import type { Message } from "../conversation/message.ts";
import type { ToolCallPart, ToolResultPart } from "../conversation/part.ts";
import { NO_USAGE, type Usage } from "../conversation/usage.ts";
import type { CheckpointKind, WaitReason } from "../effects/command.ts";
import type { LeftMessage, Reserved, SyncedEnvironment } from "../effects/outcome.ts";
import type { CallId, EffectId, InputId } from "../ids.ts";
import type { Json } from "../json.ts";
import type { ParentTurn } from "./input.ts";
import type { LimitName } from "./limits.ts";
import type { CancelEvidence, TurnOutcome } from "./outcome.ts";
import type { Timers } from "./timers.ts";

export interface SlotWait {
  readonly reason: WaitReason;
  readonly onTimeout: "tell_model" | "fail_turn";
  /** Set aside for the agent that works on the call (D13). */
  readonly reserved?: Reserved;
  /** What the attempt that is asked about left for the world outside. */
  readonly left?: readonly LeftMessage[];
}

/** One call of the answer that is being worked on. */
export interface CallSlot {
  readonly call: ToolCallPart;
  /** Position in the answer: part of the effect's id. */
  readonly index: number;
  readonly attempt: number;
  /** The effect that is outstanding for this call; absent once there is a result. */
  readonly effectId?: EffectId;
  /** Set while the outstanding effect is a wait. */
  readonly wait?: SlotWait;
  readonly result?: ToolResultPart;
  /** Somebody approved it, perhaps with other arguments. */
  readonly approved?: { readonly by: EffectId; readonly input?: Json };
}

export interface DelegatedCall {
  readonly callId: CallId;
  /** The call's idempotency key: the child's ids are made from it. */
  readonly key: string;
}

/** What an answered checkpoint goes on with when it brought no input. */
export type AfterCheckpoint =
  | { readonly type: "next_iteration" }
  | { readonly type: "finish"; readonly outcome: TurnOutcome };

export type Phase =
  | { readonly name: "preparing" }
  | { readonly name: "syncing_environment"; readonly effectId: EffectId }
  | { readonly name: "calling_model"; readonly effectId: EffectId; readonly last: boolean }
  | { readonly name: "running_tools"; readonly slots: readonly CallSlot[] }
  /** With `callId` the program stands for that call of the answer, and its value is the call's result. */
  | { readonly name: "executing_code"; readonly effectId: EffectId; readonly callId?: CallId }
  | {
      readonly name: "at_checkpoint";
      readonly effectId: EffectId;
      readonly checkpoint: CheckpointKind;
      readonly then: AfterCheckpoint;
    }
  /** Nothing runs, something is waited for, no timer is set: the turn may be parked. */
  | { readonly name: "waiting"; readonly slots: readonly CallSlot[] }
  | { readonly name: "waiting"; readonly budget: { readonly effectId: EffectId; readonly limit: LimitName } }
  | { readonly name: "finished"; readonly outcome: TurnOutcome };

export type PhaseName = Phase["name"];

/**
 * The whole state of a turn: plain JSON, never mutated. The session's earlier messages are not part of it, so a step
 * costs the same after ten messages and after ten thousand.
 */
export interface TurnState {
  readonly version: 1;
  readonly sessionId: string;
  readonly turnId: string;
  /** Inputs applied so far; the ordinal of the next one (D6). */
  readonly ordinal: number;
  readonly phase: Phase;
  readonly base: { readonly revision: number; readonly messages: number };
  /** From 1; counts model calls that advanced the loop. 0 before the first. */
  readonly iteration: number;
  /** Model calls of this iteration, from 0: a second one is made when the first brought nothing. */
  readonly modelAttempt: number;
  /** Checkpoints of this iteration, from 0. */
  readonly checkpoints: number;
  /** Programs of this iteration, from 0. */
  readonly programs: number;
  /** The messages of this turn, in order; every tool call in them is answered once the turn is finished. */
  readonly delta: readonly Message[];
  /** Ids of all inputs that this turn consumes, in order. */
  readonly consumed: readonly InputId[];
  readonly usage: Usage;
  readonly noProgress: number;
  /** How often an answer did not fit its schema. */
  readonly outputRepairs?: number;
  readonly granted: { readonly tokens: number; readonly costNanoUsd: number };
  /** How often somebody was asked to grant more. */
  readonly budgetWaits: number;
  /** Set once a limit was reached: the next answer is the last. */
  readonly limit?: LimitName;
  readonly cancel?: CancelEvidence;
  /** For whom this turn works. */
  readonly parent?: ParentTurn;
  /** Calls that were handed to other agents and whose end is not known: their turns may be alive. */
  readonly delegated?: readonly DelegatedCall[];
  readonly environment?: SyncedEnvironment;
  /** What its calls left for the world outside, in the order in which they were settled. */
  readonly left?: readonly LeftMessage[];
  readonly timers: Timers;
  /** Set while waiting: what was left of the wall time, in milliseconds. The timer stands still meanwhile. */
  readonly wallLeftMs?: number;
}

/** The state before `begin`. */
export function initialState(): TurnState {
  return {
    version: 1,
    sessionId: "",
    turnId: "",
    ordinal: 0,
    phase: { name: "preparing" },
    base: { revision: 0, messages: 0 },
    iteration: 0,
    modelAttempt: 0,
    checkpoints: 0,
    programs: 0,
    delta: [],
    consumed: [],
    usage: NO_USAGE,
    noProgress: 0,
    granted: { tokens: 0, costNanoUsd: 0 },
    budgetWaits: 0,
    timers: {},
  };
}

/** Calls of the newest answer that have no result in the transcript yet: the results follow their answer at once (T2). */
export function openCalls(state: TurnState): readonly ToolCallPart[] {
  const newest = state.delta.at(-1);
  if (newest?.role !== "assistant") return [];
  return newest.parts.filter((part) => part.type === "tool_call");
}

/** The effects that the machine waits for. */
export function outstandingEffects(state: TurnState): readonly EffectId[] {
  const { phase } = state;
  if ("slots" in phase) return phase.slots.flatMap((slot) => slot.effectId ?? []);
  if ("budget" in phase) return [phase.budget.effectId];
  return "effectId" in phase ? [phase.effectId] : [];
}

/** What of the budget is set aside for agents that work on calls of this turn. */
export function reservedForAgents({ phase }: TurnState): {
  readonly tokens: number;
  readonly costNanoUsd: number;
} {
  const held = "slots" in phase ? phase.slots.flatMap((slot) => slot.wait?.reserved ?? []) : [];
  return {
    tokens: held.reduce((sum, { tokens = 0 }) => sum + tokens, 0),
    costNanoUsd: held.reduce((sum, { costNanoUsd = 0 }) => sum + costNanoUsd, 0),
  };
}
