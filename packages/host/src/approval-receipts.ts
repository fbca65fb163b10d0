import { isPawlError, readApproval } from "@pawl/core";
import type { AwaitEventRecord, Store } from "@pawl/core/ports";
import {
  type ApprovalFacts,
  type ApprovalReceipt,
  createReceiptKey,
  createReceiptSigner,
  type ReceiptSigner,
} from "@pawl/effects/await-events";
import { approvalReason } from "./approval-view.ts";

/** Under which all hosts of a store keep the key that signs receipts. */
const KEY_NAME = "approval-receipts";

/** The key that signs receipts, made at the first use: all hosts of a store share one, so that there is one public key to know. */
export function createReceiptSigning(
  store: Pick<Store, "open" | "secrets">,
  given: string | undefined,
): () => Promise<ReceiptSigner> {
  let made: Promise<ReceiptSigner> | undefined;
  async function make(): Promise<ReceiptSigner> {
    if (given !== undefined) return createReceiptSigner(given);
    await store.open();
    const fresh = await createReceiptKey();
    return createReceiptSigner(await store.secrets.loadOrCreate(KEY_NAME, () => fresh));
  }
  return () => {
    made ??= make().catch((cause: unknown) => {
      // The store was not there: the next one tries again. A key that cannot be read stays so.
      if (!isPawlError(cause, "secret_invalid")) made = undefined;
      throw cause;
    });
    return made;
  };
}

/** What a receipt says of a settled approval; undefined while it is open, and for an answer that decides nothing. Pure. */
export function receiptFactsOf(record: AwaitEventRecord): ApprovalFacts | undefined {
  const { terminal, resolvedBy, resolvedAt } = record;
  const reason = approvalReason(record);
  const decided = terminal === null ? undefined : readApproval(terminal);
  if (reason === undefined || decided === undefined || resolvedBy === null || resolvedAt === null)
    return undefined;
  const { decision, input: editedInput, reason: why } = decided;
  return {
    approvalId: record.keyId,
    sessionId: record.sessionId,
    turnId: record.turnId,
    tool: reason.tool,
    input: reason.input,
    argumentHash: reason.argumentHash,
    policyHash: reason.policyHash,
    decision,
    ...(editedInput !== undefined && { editedInput }),
    ...(why !== undefined && { reason: why }),
    by: resolvedBy.name,
    via: resolvedBy.via,
    askedAt: record.createdAt,
    decidedAt: resolvedAt,
  };
}

/** The receipt that was signed with the decision; signed now where no person decided. Undefined while it is open. */
export async function receiptOf(
  record: AwaitEventRecord,
  signer: () => Promise<ReceiptSigner>,
): Promise<ApprovalReceipt | undefined> {
  const note = record.resolvedBy?.note;
  if (typeof note === "object" && note !== null && "receipt" in note) {
    return note.receipt as unknown as ApprovalReceipt;
  }
  const facts = receiptFactsOf(record);
  return facts && (await signer()).sign(facts);
}
