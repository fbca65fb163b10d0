import type { CancelRequest } from "@pawl/core/ports";
import { z } from "zod";
import { evidenceSchema, turnOutcomeSchema, wireEvidence, wireTurnOutcome } from "./outcome.ts";

/** The body of `POST /v1/turns/:id/cancel`; it may be absent. */
export const cancelBodySchema = z
  .strictObject({ reason: z.string().min(1).max(1_000).optional() })
  .optional();

export const cancelSchema = z.discriminatedUnion("status", [
  z.object({
    status: z.enum(["requested", "already_requested"]),
    turn_id: z.string(),
    evidence: evidenceSchema,
  }),
  z.object({ status: z.literal("completion_won"), turn_id: z.string(), outcome: turnOutcomeSchema }),
]);

export type WireCancel = z.infer<typeof cancelSchema>;

export function wireCancel(
  turnId: string,
  request: Exclude<CancelRequest, { status: "unknown" }>,
): WireCancel {
  if (request.status === "completion_won") {
    return { status: request.status, turn_id: turnId, outcome: wireTurnOutcome(request.outcome) };
  }
  return { status: request.status, turn_id: turnId, evidence: wireEvidence(request.evidence) };
}
