import * as z from "zod/mini";
import type { EffectId, InputId, SessionId, TurnId } from "../ids.ts";
import type { MachineEvent } from "../turn/event.ts";
import type { ParentTurn, TurnInput } from "../turn/input.ts";
import type { LimitName, TurnLimits } from "../turn/limits.ts";
import type { CancelEvidence, TurnOutcome } from "../turn/outcome.ts";
import { callId, count, json, storedId, unionBy } from "./decoder.ts";
import { errorFacts, outcome, steeredInput, waitReason } from "./effect.ts";

const at = z.number();

export const cancelEvidence: z.ZodMiniType<CancelEvidence> = z.looseObject({
  requestId: z.string(),
  requestedAt: at,
  origin: z.string(),
  reason: z.exactOptional(z.string()),
});

const limitName: z.ZodMiniType<LimitName> = z.enum([
  "iterations",
  "no_progress",
  "wall_time",
  "tokens",
  "cost",
]);

export const limits: z.ZodMiniType<TurnLimits> = z.looseObject({
  maxIterations: count,
  maxNoProgress: count,
  maxWallMs: z.number(),
  maxTokens: z.exactOptional(count),
  maxCostNanoUsd: z.exactOptional(count),
  onBudget: z.enum(["last_answer", "wait"]),
  maxChildren: z.exactOptional(count),
  maxDepth: z.exactOptional(count),
});

export const turnOutcome = unionBy<TurnOutcome>()("status", {
  completed: z.looseObject({
    status: z.literal("completed"),
    text: z.string(),
    output: z.exactOptional(json),
    limit: z.exactOptional(limitName),
  }),
  failed: z.looseObject({ status: z.literal("failed"), code: z.string(), message: z.string() }),
  cancelled: z.looseObject({ status: z.literal("cancelled"), evidence: cancelEvidence }),
});

const parentTurn: z.ZodMiniType<ParentTurn> = z.looseObject({
  sessionId: storedId<SessionId>(),
  turnId: storedId<TurnId>(),
  path: z.array(
    z.looseObject({
      agent: z.string(),
      callId,
      sessionId: storedId<SessionId>(),
      turnId: storedId<TurnId>(),
    }),
  ),
});

export const turnInput = unionBy<TurnInput>()("type", {
  begin: z.looseObject({
    type: z.literal("begin"),
    now: at,
    sessionId: z.string(),
    turnId: z.string(),
    inputs: z.array(steeredInput),
    base: z.looseObject({ revision: count, messages: count }),
    parent: z.exactOptional(parentTurn),
    cancel: z.exactOptional(cancelEvidence),
    refusal: z.exactOptional(errorFacts),
  }),
  effect_settled: z.looseObject({
    type: z.literal("effect_settled"),
    now: at,
    effectId: storedId<EffectId>(),
    outcome,
  }),
  timer_fired: z.looseObject({
    type: z.literal("timer_fired"),
    now: at,
    timer: z.enum(["wall_time", "limit_grace", "last_answer", "cancel_grace"]),
  }),
  cancel_requested: z.looseObject({ type: z.literal("cancel_requested"), now: at, evidence: cancelEvidence }),
  give_up: z.looseObject({ type: z.literal("give_up"), now: at, code: z.string(), message: z.string() }),
});

export const machineEvent = unionBy<MachineEvent>()("type", {
  "tool.refused": z.looseObject({
    type: z.literal("tool.refused"),
    callId,
    name: z.string(),
    code: z.enum([
      "tool_unknown",
      "tool_input_invalid",
      "tool_not_run",
      "turn_cancelled",
      "turn_ended",
      "limit_reached",
    ]),
    message: z.string(),
  }),
  "input.consumed": z.looseObject({
    type: z.literal("input.consumed"),
    inputId: storedId<InputId>(),
    boundary: z.enum(["begin", "after_work", "before_completion"]),
  }),
  "limit.reached": z.looseObject({ type: z.literal("limit.reached"), limit: limitName }),
  "wait.opened": z.looseObject({
    type: z.literal("wait.opened"),
    effectId: storedId<EffectId>(),
    reason: waitReason,
  }),
  "turn.cancelling": z.looseObject({ type: z.literal("turn.cancelling"), evidence: cancelEvidence }),
  "turn.ended": z.looseObject({ type: z.literal("turn.ended"), outcome: turnOutcome }),
});
