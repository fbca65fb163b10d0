import * as z from "zod/mini";
import type { WaitReason } from "../effects/command.ts";
import type {
  EffectOutcome,
  LeftMessage,
  ModelResult,
  SteeredInput,
  SyncedEnvironment,
  ToolLaunch,
  ToolOutcome,
} from "../effects/outcome.ts";
import type { InputId, SessionId, TurnId } from "../ids.ts";
import type { Resolution, WaitIdentity } from "../waits/wait-identity.ts";
import { inputPart, modelAnswer, modelFailure, toolDefinition } from "./conversation.ts";
import { callId, count, json, storedId, unionBy } from "./decoder.ts";

export const errorFacts = z.looseObject({ code: z.string(), message: z.string() });

const wait = unionBy<WaitIdentity>()("type", {
  tool_completion: z.looseObject({ type: z.literal("tool_completion"), callId: z.string() }),
  process_signal: z.looseObject({
    type: z.literal("process_signal"),
    processId: z.string(),
    signal: z.string(),
    ordinal: z.int().check(z.gte(1)),
  }),
  cancel_gate: z.looseObject({ type: z.literal("cancel_gate") }),
  turn_terminal: z.looseObject({ type: z.literal("turn_terminal") }),
  child_turn: z.looseObject({
    type: z.literal("child_turn"),
    sessionId: z.string(),
    turnId: z.string(),
  }),
  custom: z.looseObject({ type: z.literal("custom"), key: z.string() }),
});

export const waitReason = unionBy<WaitReason>()("type", {
  tool_pending: z.looseObject({
    type: z.literal("tool_pending"),
    callId: callId,
    tool: z.string(),
    note: z.exactOptional(z.string()),
    onCancel: z.exactOptional(z.enum(["tell_session", "forget"])),
    task: z.exactOptional(z.string()),
  }),
  did_it_happen: z.looseObject({
    type: z.literal("did_it_happen"),
    callId: callId,
    tool: z.string(),
    input: json,
    attempt: count,
    noAfter: z.exactOptional(z.number()),
    left: z.exactOptional(count),
  }),
  approval: z.looseObject({
    type: z.literal("approval"),
    callId: callId,
    tool: z.string(),
    input: json,
    argumentHash: z.string(),
    policyHash: z.string(),
  }),
  budget: z.looseObject({ type: z.literal("budget"), limit: z.string() }),
  agent: z.looseObject({
    type: z.literal("agent"),
    callId: callId,
    tool: z.string(),
    agent: z.string(),
    sessionId: storedId<SessionId>(),
    turnId: storedId<TurnId>(),
  }),
  custom: z.looseObject({ type: z.literal("custom"), text: z.string() }),
});

const resolution = unionBy<Resolution>()("status", {
  ok: z.looseObject({ status: z.literal("ok"), payload: json }),
  err: z.looseObject({
    status: z.literal("err"),
    payload: z.looseObject({ code: z.string(), message: z.string(), raw: z.exactOptional(json) }),
  }),
  timeout: z.looseObject({ status: z.literal("timeout") }),
  cancelled: z.looseObject({ status: z.literal("cancelled") }),
});

const toolOutcome = unionBy<ToolOutcome>()("status", {
  ok: z.looseObject({ status: z.literal("ok"), output: json }),
  error: z.looseObject({
    status: z.literal("error"),
    code: z.string(),
    message: z.string(),
    output: z.exactOptional(json),
  }),
  cancelled: z.looseObject({
    status: z.literal("cancelled"),
    certainty: z.enum(["before_start", "confirmed", "outcome_unknown"]),
  }),
});

const launch = unionBy<ToolLaunch>()("status", {
  done: z.looseObject({ status: z.literal("done"), result: toolOutcome }),
  pending: z.looseObject({
    status: z.literal("pending"),
    wait,
    deadline: z.exactOptional(z.number()),
    onTimeout: z.enum(["tell_model", "fail_turn"]),
    onCancel: z.exactOptional(z.enum(["tell_session", "forget"])),
    note: z.exactOptional(z.string()),
    task: z.exactOptional(z.string()),
  }),
  ambiguous: z.looseObject({
    status: z.literal("ambiguous"),
    attempt: count,
    noAfter: z.exactOptional(z.number()),
  }),
  needs_approval: z.looseObject({
    status: z.literal("needs_approval"),
    argumentHash: z.string(),
    policyHash: z.string(),
    expiresAt: z.exactOptional(z.number()),
  }),
  delegated: z.looseObject({
    status: z.literal("delegated"),
    child: z.looseObject({
      agent: z.string(),
      sessionId: storedId<SessionId>(),
      turnId: storedId<TurnId>(),
      reserved: z.looseObject({ tokens: z.exactOptional(count), costNanoUsd: z.exactOptional(count) }),
    }),
    deadline: z.exactOptional(z.number()),
  }),
  not_begun: z.looseObject({ status: z.literal("not_begun"), attempt: count }),
});

const failed = z.looseObject({ ok: z.literal(false), error: errorFacts });
const value = z.discriminatedUnion("ok", [z.looseObject({ ok: z.literal(true), value: json }), failed]);

const modelResult: z.ZodMiniType<ModelResult> = z.discriminatedUnion("ok", [
  z.looseObject({ ok: z.literal(true), answer: modelAnswer }),
  z.looseObject({ ok: z.literal(false), failure: modelFailure }),
]);

const environment: z.ZodMiniType<SyncedEnvironment> = z.looseObject({
  instructions: z.exactOptional(z.string()),
  tools: z.array(toolDefinition),
});

export const steeredInput: z.ZodMiniType<SteeredInput> = z.looseObject({
  inputId: storedId<InputId>(),
  parts: z.array(inputPart),
});

export const leftMessage: z.ZodMiniType<LeftMessage> = z.looseObject({ topic: z.string(), payload: json });

export const outcome = unionBy<EffectOutcome>()("kind", {
  model_call: z.looseObject({
    kind: z.literal("model_call"),
    result: modelResult,
    textStreamed: z.boolean(),
  }),
  direct_model_call: z.looseObject({ kind: z.literal("direct_model_call"), result: modelResult }),
  tool_call: z.looseObject({
    kind: z.literal("tool_call"),
    launch,
    outbox: z.exactOptional(z.array(leftMessage)),
  }),
  exec_code: z.looseObject({ kind: z.literal("exec_code"), result: value }),
  checkpoint: z.looseObject({ kind: z.literal("checkpoint"), inputs: z.array(steeredInput) }),
  sync_environment: z.looseObject({
    kind: z.literal("sync_environment"),
    result: z.discriminatedUnion("ok", [
      z.looseObject({ ok: z.literal(true), environment: z.exactOptional(environment) }),
      failed,
    ]),
  }),
  sleep: z.looseObject({ kind: z.literal("sleep") }),
  await_event: z.looseObject({ kind: z.literal("await_event"), resolution }),
  peek_await_event: z.looseObject({
    kind: z.literal("peek_await_event"),
    resolution: z.nullable(resolution),
  }),
  process: z.looseObject({ kind: z.literal("process"), result: value }),
  durable_step: z.looseObject({ kind: z.literal("durable_step"), value: json }),
});
