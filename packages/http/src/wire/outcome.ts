import type { AgentStep, CancelEvidence, Json, ToolOutcome, TurnOutcome, WaitReason } from "@pawl/core";
import { z } from "zod";

export const jsonValue: z.ZodType<Json> = z.json() as z.ZodType<Json>;

export const evidenceSchema = z.object({
  request_id: z.string(),
  requested_at: z.number(),
  origin: z.string(),
  reason: z.string().optional(),
});

export const turnOutcomeSchema = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("completed"),
    text: z.string(),
    output: jsonValue.optional(),
    /** The limit that forced this answer. */
    limit: z.string().optional(),
  }),
  z.object({ status: z.literal("failed"), code: z.string(), message: z.string() }),
  z.object({ status: z.literal("cancelled"), evidence: evidenceSchema }),
]);

export const toolOutcomeSchema = z.discriminatedUnion("status", [
  z.object({ status: z.literal("ok"), output: jsonValue }),
  z.object({
    status: z.literal("error"),
    code: z.string(),
    message: z.string(),
    output: jsonValue.optional(),
  }),
  z.object({ status: z.literal("cancelled"), certainty: z.string() }),
]);

export const waitReasonSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("tool_pending"),
    call_id: z.string(),
    tool: z.string(),
    note: z.string().optional(),
    on_cancel: z.string().optional(),
    /** The background task whose end answers it. */
    task: z.string().optional(),
  }),
  z.object({
    type: z.literal("did_it_happen"),
    call_id: z.string(),
    tool: z.string(),
    input: jsonValue,
    attempt: z.number(),
    /** "No" counts only from then on, milliseconds since the epoch. */
    no_after: z.number().optional(),
    /** How many messages it is known to have left for the world outside: they go out when it happened. */
    left: z.number().optional(),
  }),
  z.object({
    type: z.literal("approval"),
    call_id: z.string(),
    tool: z.string(),
    input: jsonValue,
    argument_hash: z.string(),
  }),
  z.object({ type: z.literal("budget"), limit: z.string() }),
  z.object({
    type: z.literal("agent"),
    call_id: z.string(),
    tool: z.string(),
    agent: z.string(),
    session_id: z.string(),
    turn_id: z.string(),
  }),
  z.object({ type: z.literal("custom"), text: z.string() }),
]);

/** The steps down to an agent that works for a turn: whose call it is, and the turn that works on it. */
export const pathSchema = z.array(
  z.object({ agent: z.string(), call_id: z.string(), session_id: z.string(), turn_id: z.string() }),
);

export function wirePath(path: readonly AgentStep[]): z.infer<typeof pathSchema> {
  return path.map(({ agent, callId, sessionId, turnId }) => ({
    agent,
    call_id: callId,
    session_id: sessionId,
    turn_id: turnId,
  }));
}

export type WireEvidence = z.infer<typeof evidenceSchema>;
export type WireTurnOutcome = z.infer<typeof turnOutcomeSchema>;
export type WireToolOutcome = z.infer<typeof toolOutcomeSchema>;
export type WireWaitReason = z.infer<typeof waitReasonSchema>;

export function wireEvidence({ requestId, requestedAt, origin, reason }: CancelEvidence): WireEvidence {
  return {
    request_id: requestId,
    requested_at: requestedAt,
    origin,
    ...(reason !== undefined && { reason }),
  };
}

export function wireTurnOutcome(outcome: TurnOutcome): WireTurnOutcome {
  if (outcome.status === "cancelled")
    return { status: "cancelled", evidence: wireEvidence(outcome.evidence) };
  if (outcome.status === "failed") {
    return { status: "failed", code: outcome.code, message: outcome.message };
  }
  return {
    status: "completed",
    text: outcome.text,
    ...(outcome.output !== undefined && { output: outcome.output }),
    ...(outcome.limit !== undefined && { limit: outcome.limit }),
  };
}

export function wireToolOutcome(outcome: ToolOutcome): WireToolOutcome {
  if (outcome.status === "ok") return { status: "ok", output: outcome.output };
  if (outcome.status === "cancelled") return { status: "cancelled", certainty: outcome.certainty };
  const { code, message, output } = outcome;
  return { status: "error", code, message, ...(output !== undefined && { output }) };
}

export function wireWaitReason(reason: WaitReason): WireWaitReason {
  switch (reason.type) {
    case "tool_pending": {
      const { callId, tool, note, onCancel, task } = reason;
      return {
        type: "tool_pending",
        call_id: callId,
        tool,
        ...(note !== undefined && { note }),
        ...(onCancel !== undefined && { on_cancel: onCancel }),
        ...(task !== undefined && { task }),
      };
    }
    case "did_it_happen": {
      const { callId, tool, input, attempt, noAfter, left } = reason;
      const known = {
        ...(noAfter !== undefined && { no_after: noAfter }),
        ...(left !== undefined && { left }),
      };
      return { type: "did_it_happen", call_id: callId, tool, input, attempt, ...known };
    }
    case "approval": {
      const { callId, tool, input, argumentHash } = reason;
      return { type: "approval", call_id: callId, tool, input, argument_hash: argumentHash };
    }
    case "budget":
      return { type: "budget", limit: reason.limit };
    case "agent": {
      const { callId, tool, agent, sessionId, turnId } = reason;
      return { type: "agent", call_id: callId, tool, agent, session_id: sessionId, turn_id: turnId };
    }
    case "custom":
      return { type: "custom", text: reason.text };
  }
}
