import type { TurnEvent, TurnEventBody } from "@pawl/core";
import { z } from "zod";
import {
  evidenceSchema,
  jsonValue,
  pathSchema,
  toolOutcomeSchema,
  turnOutcomeSchema,
  waitReasonSchema,
  wireEvidence,
  wirePath,
  wireToolOutcome,
  wireTurnOutcome,
  wireWaitReason,
} from "./outcome.ts";
import { usageSchema, wireUsage } from "./usage.ts";

const common = {
  /** Unique and ordered in its session: what `after` and `Last-Event-ID` take. */
  id: z.string(),
  turn_id: z.string(),
  /** Milliseconds since the epoch. */
  at: z.number(),
  /** Set for events of an agent that works for the turn: the steps down to it. */
  path: pathSchema.optional(),
};

function event<Type extends string, Shape extends z.core.$ZodShape>(type: Type, shape: Shape) {
  return z.object({ type: z.literal(type), ...common, ...shape });
}

/** A `TurnEvent` on the wire. A union by `type`; clients pass over types that they do not know. */
export const wireEventSchema = z.discriminatedUnion("type", [
  event("turn.started", { agent: z.string().optional() }),
  event("text.delta", { effect_id: z.string(), attempt: z.number(), text: z.string() }),
  event("text.reset", { effect_id: z.string(), attempt: z.number() }),
  event("log.pruned", { what: z.string(), rows: z.number() }),
  event("model.answered", {
    effect_id: z.string(),
    text: z.string(),
    tool_calls: z.array(z.object({ call_id: z.string(), name: z.string(), input: jsonValue })),
    terminal_reason: z.string(),
    model: z.string(),
    usage: usageSchema,
    streamed: z.boolean(),
  }),
  event("model.failed", { effect_id: z.string(), terminal_reason: z.string(), message: z.string() }),
  event("tool.started", { effect_id: z.string(), attempt: z.number() }),
  event("tool.finished", { effect_id: z.string(), name: z.string(), result: toolOutcomeSchema }),
  event("tool.ambiguous", { effect_id: z.string(), name: z.string(), attempt: z.number() }),
  event("tool.refused", { call_id: z.string(), name: z.string(), code: z.string(), message: z.string() }),
  event("input.consumed", { input_id: z.string(), boundary: z.string() }),
  event("limit.reached", { limit: z.string() }),
  event("wait.opened", { effect_id: z.string(), reason: waitReasonSchema }),
  event("wait.settled", {
    effect_id: z.string(),
    resolution: z.string(),
    /** Of an approval: approved, edited, denied, expired or cancelled. */
    decision: z.string().optional(),
    by: z.string().optional(),
  }),
  event("turn.cancelling", { evidence: evidenceSchema }),
  event("turn.ended", { outcome: turnOutcomeSchema }),
  event("turn.committed", { sequence: z.number(), digest: z.string() }),
]);

export type WireEvent = z.infer<typeof wireEventSchema>;
type Body<Event = WireEvent> = Event extends unknown ? Omit<Event, "id" | "turn_id" | "at" | "path"> : never;

export function wireEvent(event: TurnEvent): WireEvent {
  const { id, turnId, at, path } = event;
  const { type, ...body } = wireBody(event);
  return { type, id, turn_id: turnId, at, ...(path && { path: wirePath(path) }), ...body } as WireEvent;
}

function wireBody(e: TurnEventBody): Body {
  switch (e.type) {
    case "turn.started":
      return { type: e.type, ...(e.agent !== undefined && { agent: e.agent }) };
    case "text.delta":
      return { type: e.type, effect_id: e.effectId, attempt: e.attempt, text: e.text };
    case "text.reset":
    case "tool.started":
      return { type: e.type, effect_id: e.effectId, attempt: e.attempt };
    case "log.pruned":
      return { type: e.type, what: e.what, rows: e.rows };
    case "model.answered":
      return {
        type: e.type,
        effect_id: e.effectId,
        text: e.text,
        tool_calls: e.toolCalls.map(({ callId, name, input }) => ({ call_id: callId, name, input })),
        terminal_reason: e.terminalReason,
        model: e.model,
        usage: wireUsage(e.usage),
        streamed: e.streamed,
      };
    case "model.failed":
      return {
        type: e.type,
        effect_id: e.effectId,
        terminal_reason: e.terminalReason,
        message: e.message,
      };
    case "tool.finished":
      return { type: e.type, effect_id: e.effectId, name: e.name, result: wireToolOutcome(e.result) };
    case "tool.ambiguous":
      return { type: e.type, effect_id: e.effectId, name: e.name, attempt: e.attempt };
    case "tool.refused":
      return { type: e.type, call_id: e.callId, name: e.name, code: e.code, message: e.message };
    case "input.consumed":
      return { type: e.type, input_id: e.inputId, boundary: e.boundary };
    case "limit.reached":
      return { type: e.type, limit: e.limit };
    case "wait.opened":
      return { type: e.type, effect_id: e.effectId, reason: wireWaitReason(e.reason) };
    case "wait.settled":
      return {
        type: e.type,
        effect_id: e.effectId,
        resolution: e.resolution,
        ...(e.decision !== undefined && { decision: e.decision }),
        ...(e.by !== undefined && { by: e.by }),
      };
    case "turn.cancelling":
      return { type: e.type, evidence: wireEvidence(e.evidence) };
    case "turn.ended":
      return { type: e.type, outcome: wireTurnOutcome(e.outcome) };
    case "turn.committed":
      return { type: e.type, sequence: e.sequence, digest: e.digest };
  }
}
