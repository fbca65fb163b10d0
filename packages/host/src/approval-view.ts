import {
  type ApprovalDecision,
  isControlWait,
  type Json,
  readApproval,
  type SessionId,
  type TurnId,
  type WaitReason,
} from "@pawl/core";
import type { AwaitEventRecord } from "@pawl/core/ports";

/** A call that needs, or needed, somebody's approval. */
export interface Approval {
  /** Of its await-event: no secret, and nobody can answer with it alone. */
  readonly id: string;
  readonly sessionId: SessionId | null;
  readonly turnId: TurnId | null;
  readonly tool: string;
  /** The arguments, all of them. */
  readonly input: Json;
  /** SHA-256 of the canonical JSON of tool and arguments. */
  readonly argumentHash: string;
  readonly policyHash: string;
  /** Milliseconds since the epoch by the store's clock. */
  readonly createdAt: number;
  /** Null: it waits until somebody answers. */
  readonly expiresAt: number | null;
  readonly status: "pending" | ApprovalDecision;
  /** Once it is decided. */
  readonly decided: DecisionFacts | null;
}

export interface DecisionFacts {
  /** A person's name, or what ended it: `deadline`, `turn`. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly reason?: string;
  /** The arguments that were approved in place of those that were asked for. */
  readonly input?: Json;
}

export type ApprovalReason = Extract<WaitReason, { type: "approval" }>;

/** What an approval asks for; undefined for other waits. Pure. */
export function approvalReason({
  wait,
  info,
}: Pick<AwaitEventRecord, "wait" | "info">): ApprovalReason | undefined {
  if (isControlWait(wait) || typeof info !== "object" || info === null || !("type" in info)) return undefined;
  return info.type === "approval" ? (info as unknown as ApprovalReason) : undefined;
}

/** Undefined for other waits. Pure. */
export function approvalOf(record: AwaitEventRecord): Approval | undefined {
  const reason = approvalReason(record);
  if (reason === undefined) return undefined;
  const { keyId, sessionId, turnId, createdAt, dueAt, terminal, resolvedBy, resolvedAt } = record;
  const { tool, input, argumentHash, policyHash } = reason;
  const what = { id: keyId, sessionId, turnId, tool, input, argumentHash, policyHash };
  const facts = { ...what, createdAt, expiresAt: dueAt };
  if (terminal === null || resolvedAt === null) return { ...facts, status: "pending", decided: null };
  // An answer that could not be read makes no call, like one that was taken back.
  const {
    decision,
    reason: why,
    input: edited,
  } = readApproval(terminal) ?? { decision: "cancelled" as const };
  return {
    ...facts,
    status: decision,
    decided: {
      by: resolvedBy?.name ?? "",
      at: resolvedAt,
      ...(why !== undefined && { reason: why }),
      ...(edited !== undefined && { input: edited }),
    },
  };
}
