import type { Json, WaitReason } from "@pawl/core";
import type { PendingWait, WaitAnswer, Waits } from "@pawl/host";
import { z } from "zod";
import { jsonValue, waitReasonSchema, wireWaitReason } from "./outcome.ts";

export const waitSchema = z.object({
  id: z.string(),
  session_id: z.string().nullable(),
  turn_id: z.string().nullable(),
  /** For waits of a turn one of the known reasons; else what its owner wrote. */
  reason: z.union([waitReasonSchema, jsonValue]),
  created_at: z.number(),
  /** When it times out; null: never. */
  due_at: z.number().nullable(),
});

export const waitsSchema = z.object({ waits: z.array(waitSchema) });

export type WireWait = z.infer<typeof waitSchema>;

export function wireWait({ id, sessionId, turnId, reason, createdAt, dueAt }: PendingWait): WireWait {
  return {
    id,
    session_id: sessionId,
    turn_id: turnId,
    reason: isOfTurn(reason) ? wireWaitReason(reason) : reason,
    created_at: createdAt,
    due_at: dueAt,
  };
}

const OF_TURN: ReadonlySet<string> = new Set([
  "tool_pending",
  "did_it_happen",
  "approval",
  "budget",
  "custom",
]);

function isOfTurn(reason: unknown): reason is WaitReason {
  const type = typeof reason === "object" && reason !== null && "type" in reason ? reason.type : undefined;
  return typeof type === "string" && OF_TURN.has(type);
}

const amount = z.number().int().nonnegative();

/** The body of `POST /v1/waits/:id`: one of these. */
export const answerBodySchema = z.union(
  [
    z.strictObject({ happened: z.literal(true), result: jsonValue.optional() }),
    z.strictObject({ happened: z.literal(false) }),
    z.strictObject({ abandon: z.literal(true) }),
    z.strictObject({ decision: z.literal("approve") }),
    z.strictObject({ decision: z.literal("edit"), input: jsonValue }),
    z.strictObject({ decision: z.literal("deny"), reason: z.string().max(2_000).optional() }),
    z.strictObject({
      grant: z.strictObject({ tokens: amount.optional(), cost_nano_usd: amount.optional() }),
    }),
    z.strictObject({ result: jsonValue }),
    z.strictObject({
      error: z.strictObject({ code: z.string().min(1).max(100), message: z.string().max(2_000) }),
    }),
  ],
  {
    error:
      "must be one of {happened: true, result?}, {happened: false}, {abandon: true}, {decision: approve}, {decision: edit, input}, {decision: deny, reason?}, {grant: {tokens?, cost_nano_usd?}}, {result}, {error: {code, message}}",
  },
);

export type AnswerBody = z.infer<typeof answerBodySchema>;

export function waitAnswerOf(body: AnswerBody): WaitAnswer {
  if ("happened" in body) {
    if (!body.happened) return { happened: false };
    return { happened: true, ...(body.result !== undefined && { output: body.result as Json }) };
  }
  if ("abandon" in body) return { abandon: true };
  if ("grant" in body) {
    const { tokens, cost_nano_usd: costNanoUsd } = body.grant;
    return {
      grant: { ...(tokens !== undefined && { tokens }), ...(costNanoUsd !== undefined && { costNanoUsd }) },
    };
  }
  if ("error" in body) return { status: "err", payload: body.error };
  if ("result" in body) return { status: "ok", payload: body.result as Json };
  if (body.decision === "approve") return { decision: "approve" };
  if (body.decision === "edit") return { decision: "edit", input: body.input as Json };
  return { decision: "deny", ...(body.reason !== undefined && { reason: body.reason }) };
}

/** `already_answered`: somebody was faster, and their answer stands. `late`: its turn had ended, and the session is told. */
export const answeredSchema = z.object({
  wait_id: z.string(),
  status: z.enum(["accepted", "already_answered", "late"]),
  /** How it had ended, when somebody was faster: ok, err, timeout or cancelled. */
  winner: z.string().optional(),
});

export type WireAnswered = z.infer<typeof answeredSchema>;

type Answered = Exclude<Awaited<ReturnType<Waits["answer"]>>, { status: "unknown_or_revoked" }>;

export function wireAnswered(id: string, outcome: Answered): WireAnswered {
  if (outcome.status !== "already_resolved") return { wait_id: id, status: outcome.status };
  return { wait_id: id, status: "already_answered", winner: outcome.terminal.status };
}
