import type { Json } from "@pawl/core";
import type { Approval, ApprovalAnswer, ApprovalChoice, LinkOptions } from "@pawl/host";
import { z } from "zod";
import { jsonValue } from "./outcome.ts";

const decidedSchema = z.object({
  by: z.string(),
  at: z.number(),
  reason: z.string().optional(),
  /** The arguments that were approved in place of those that were asked for. */
  input: jsonValue.optional(),
});

export const approvalSchema = z.object({
  approval_id: z.string(),
  session_id: z.string().nullable(),
  turn_id: z.string().nullable(),
  tool: z.string(),
  input: jsonValue,
  argument_hash: z.string(),
  policy_hash: z.string(),
  created_at: z.number(),
  /** Null: it waits until somebody answers. */
  expires_at: z.number().nullable(),
  status: z.enum(["pending", "approved", "edited", "denied", "expired", "cancelled"]),
  /** Once it is decided. */
  decided: decidedSchema.nullable(),
});

export const approvalsSchema = z.object({ approvals: z.array(approvalSchema) });

export type WireApproval = z.infer<typeof approvalSchema>;

export function wireApproval(approval: Approval): WireApproval {
  const { id, sessionId, turnId, tool, input, argumentHash, policyHash, createdAt, expiresAt } = approval;
  const { status, decided } = approval;
  return {
    approval_id: id,
    session_id: sessionId,
    turn_id: turnId,
    tool,
    input,
    argument_hash: argumentHash,
    policy_hash: policyHash,
    created_at: createdAt,
    expires_at: expiresAt,
    status,
    decided: decided && { ...decided },
  };
}

/** `replayed`: it had been decided so before, and this changed nothing. */
export const decidedApprovalSchema = approvalSchema.extend({ replayed: z.boolean() });

export type WireDecidedApproval = z.infer<typeof decidedApprovalSchema>;

export function wireDecidedApproval({ approval, replayed }: ApprovalAnswer): WireDecidedApproval {
  return { ...wireApproval(approval), replayed };
}

/** The body of `POST /v1/approvals/:id` and of `POST /a/<key>`: one of these. */
export const decisionBodySchema = z.union(
  [
    z.strictObject({ decision: z.literal("approve"), input: jsonValue.optional() }),
    z.strictObject({ decision: z.literal("edit"), input: jsonValue }),
    z.strictObject({ decision: z.literal("deny"), reason: z.string().max(2_000).optional() }),
  ],
  {
    error:
      "must be one of {decision: approve, input?}, {decision: edit, input}, {decision: deny, reason?}; input is other arguments",
  },
);

export type DecisionBody = z.infer<typeof decisionBodySchema>;

/** To approve other arguments is to edit. */
export function choiceOf(body: DecisionBody): ApprovalChoice {
  if (body.decision === "deny") {
    return { decision: "deny", ...(body.reason !== undefined && { reason: body.reason }) };
  }
  if (body.input === undefined) return { decision: "approve" };
  return { decision: "edit", input: body.input as Json };
}

export const linkBodySchema = z.strictObject({
  for: z.string().min(1).max(200).optional(),
  /** Milliseconds since the epoch. */
  expires_at: z.number().int().nonnegative().optional(),
});

export type LinkBody = z.infer<typeof linkBodySchema>;

export function linkOptionsOf({ for: audience, expires_at: expiresAt }: LinkBody): LinkOptions {
  return {
    ...(audience !== undefined && { for: audience }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

export const linkSchema = z.object({ url: z.string(), key: z.string() });

export type WireLink = z.infer<typeof linkSchema>;

/** A receipt is signed as it is: it has the same members everywhere. */
export const receiptSchema = z.looseObject({
  format: z.literal("pawl-approval"),
  version: z.number(),
  approvalId: z.string(),
  publicKey: z.string(),
  signature: z.string(),
});

export type WireReceipt = z.infer<typeof receiptSchema>;

export const receiptKeySchema = z.object({ public_key: z.string() });

export const receiptCheckSchema = z.object({
  /** This host signed exactly this. */
  valid: z.boolean(),
  fault: z.enum(["not_a_receipt", "altered", "other_key"]).optional(),
});

export type WireReceiptCheck = z.infer<typeof receiptCheckSchema>;
