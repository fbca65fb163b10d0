import type { JsonDigest } from "../encoding/digest.ts";
import type { InputId, SessionId, TurnId } from "../ids.ts";
import type { TurnOutcome } from "../turn/outcome.ts";

/** Which boundary of a run was committed. The turn driver commits `turn_end` only (D20). */
export type BoundaryKind = "immediate" | "run_start" | "run_checkpoint" | "turn_end";

/**
 * Proof that a boundary was committed, minted by the store within the commit's transaction. Each receipt carries the
 * digest of the one before it in its session: a chain that anybody can verify, and that is tamper-evident only against a
 * digest kept elsewhere (D21).
 */
export interface CommitReceipt {
  readonly version: 1;
  readonly sessionId: SessionId;
  readonly runId: TurnId;
  readonly boundary: BoundaryKind;
  /** Dense per run, from 0. */
  readonly sequence: number;
  readonly inputIds: readonly InputId[];
  readonly baseRevision: number;
  readonly revision: number;
  /** Messages of the session after this boundary; 0 without a session delta. */
  readonly messageCount: number;
  /** SHA-256 of the canonical JSON of the delta; null without one. */
  readonly deltaDigest: string | null;
  readonly outcome: TurnOutcome | null;
  /** Digest of the previous receipt of the session; null for the first. */
  readonly previous: string | null;
  readonly digest: string;
}

export type ReceiptFacts = Omit<CommitReceipt, "digest">;

/** The digest of D21, over O(delta): what the receipt says and nothing that a lost response could change. */
export function mintReceipt(
  facts: ReceiptFacts,
  inputDigests: readonly string[],
  digest: JsonDigest,
): CommitReceipt {
  return { ...facts, digest: digest({ receipt: facts, inputDigests }) };
}

/** True when the receipt says what its digest says. Needs the digests of the inputs' contents, in order. */
export function verifyReceipt(
  receipt: CommitReceipt,
  inputDigests: readonly string[],
  digest: JsonDigest,
): boolean {
  const { digest: claimed, ...facts } = receipt;
  return digest({ receipt: facts, inputDigests }) === claimed;
}
