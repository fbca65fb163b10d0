import { canonicalJson, type Json, type Resolution, readApproval } from "@pawl/core";
import type { AwaitEventRecord, AwaitEventRows, Store } from "@pawl/core/ports";
import {
  type ApprovalReceipt,
  checkApprovalReceipt,
  checkApprovalReceiptText,
  type ReceiptFault,
  type ReceiptSigner,
} from "@pawl/effects/await-events";
import {
  type ApprovalLink,
  type ApprovalLinks,
  checkEditedInput,
  type LinkOptions,
} from "./approval-links.ts";
import { receiptOf } from "./approval-receipts.ts";
import { type Approval, type ApprovalReason, approvalOf, approvalReason } from "./approval-view.ts";
import { approvalConflict, approvalPending, approvalUnknown } from "./errors.ts";
import type { ReadWaits } from "./read-waits.ts";
import type { SessionNames } from "./session-names.ts";
import type { Answerer, WaitSettler } from "./wait-settler.ts";

/** What somebody decides about a call. */
export type ApprovalChoice =
  | { readonly decision: "approve" }
  /** The call is made with these arguments in place of those that were asked for; its tool checks them like any others. */
  | { readonly decision: "edit"; readonly input: Json }
  | { readonly decision: "deny"; readonly reason?: string };

/** The approval as it stands, whoever decided it. */
export interface ApprovalAnswer {
  readonly approval: Approval;
  /** It had been decided so before; this changed nothing. */
  readonly replayed: boolean;
}

export interface DecideOptions {
  /** Who decides, for the record. Default `host`. */
  readonly by?: string;
}

/**
 * Calls that need somebody's approval. The first answer stands: the same one again is the first, `replayed`; another one is refused
 * with `approval_conflict`. Answers are refused with `approval_arguments_changed` when what is stored is not what the turn asked for.
 */
export interface Approvals {
  /** Those that nobody has answered, oldest first. Default limit 100. */
  list(query?: { readonly sessionId?: string; readonly limit?: number }): Promise<readonly Approval[]>;
  /** One of them, also when it was decided. @throws PawlError `approval_unknown` */
  show(id: string): Promise<Approval>;
  /** @throws PawlError `approval_unknown`, `approval_conflict`, `approval_arguments_changed` */
  approve(id: string, options?: DecideOptions): Promise<ApprovalAnswer>;
  /** `reason` is told to the model. @throws PawlError as `approve` */
  deny(id: string, options?: DecideOptions & { readonly reason?: string }): Promise<ApprovalAnswer>;
  /** Approves the call with other arguments. @throws PawlError as `approve`, and `approval_input_invalid` */
  edit(id: string, input: Json, options?: DecideOptions): Promise<ApprovalAnswer>;
  /**
   * A link with which `for` can decide from anywhere, without an account. @throws PawlError `approval_unknown`, `public_url_missing`;
   * `approval_conflict` once it is decided
   */
  link(id: string, options?: LinkOptions): Promise<ApprovalLink>;
  /** What a link is about. Decides nothing. @throws PawlError `approval_link_unknown`, `approval_link_expired`, `approval_arguments_changed` */
  open(key: string): Promise<{ readonly approval: Approval; readonly audience: string }>;
  /** Decides by link, as whom it was made for. @throws PawlError as `open` and `edit` */
  answer(key: string, choice: ApprovalChoice): Promise<ApprovalAnswer>;
  /** The signed proof of what was decided, by whom and when. @throws PawlError `approval_unknown`, `approval_pending` */
  receipt(id: string): Promise<ApprovalReceipt>;
  /**
   * Whether this host signed a receipt: as it is, or the text of its file. Undefined when it did; `other_key` when somebody else signed it,
   * however well. Elsewhere `checkApprovalReceipt` does the same with the public key.
   */
  verify(receipt: unknown): Promise<ReceiptFault | undefined>;
  /** The Ed25519 key that this host's receipts verify with: raw, base64url. */
  publicKey(): Promise<string>;
}

export interface ApprovalsOptions {
  /** Whose approvals: those of sessions that it does not see are unknown to it. Links speak for themselves. */
  readonly names: SessionNames;
  readonly store: Pick<Store<never>, "open" | "log" | "sessions"> & { readonly awaits: AwaitEventRows };
  readonly links: ApprovalLinks;
  readonly settler: WaitSettler;
  readonly readWaits: ReadWaits;
  readonly signer: () => Promise<ReceiptSigner>;
}

/** More than this are not looked through for approvals. */
const MAX_WAITS = 1_000;

export function createApprovals(options: ApprovalsOptions): Approvals {
  const { names, store, links, settler, readWaits, signer } = options;

  const rows = store.awaits;

  function shown(record: AwaitEventRecord): Approval {
    const approval = approvalOf(record);
    if (approval === undefined) throw approvalUnknown(record.keyId);
    return { ...approval, sessionId: approval.sessionId && names.shown(approval.sessionId) };
  }

  /** The same decision again is the first one; another is a conflict. */
  function already(record: AwaitEventRecord, asked: Resolution): ApprovalAnswer {
    const approval = shown(record);
    if (!sameDecision(record.terminal, asked)) throw approvalConflict(approval);
    return { approval, replayed: true };
  }

  async function load(id: string): Promise<{ record: AwaitEventRecord; reason: ApprovalReason }> {
    await store.open();
    const record = await rows.load(id);
    const reason = record === null ? undefined : approvalReason(record);
    if (record === null || reason === undefined || !names.sees(record.sessionId)) throw approvalUnknown(id);
    return { record, reason };
  }

  async function decide(
    { record, reason }: { record: AwaitEventRecord; reason: ApprovalReason },
    choice: ApprovalChoice,
    by: Answerer,
  ): Promise<ApprovalAnswer> {
    const resolution: Resolution = { status: "ok", payload: { ...choice } };
    if (record.terminal !== null) return already(record, resolution);
    if (choice.decision === "edit") await checkEditedInput(store, record, reason.tool, choice.input);
    const result = await settler.settle(record, resolution, by);
    if (result.status === "unknown_or_revoked") throw approvalUnknown(record.keyId);
    if (result.status !== "accepted") return already(result.record, resolution);
    return { approval: shown(result.record), replayed: false };
  }

  /** As it was read of late, if that still holds; else it is read again. */
  async function decideById(id: string, choice: ApprovalChoice, by: Answerer): Promise<ApprovalAnswer> {
    await store.open();
    const read = readWaits.take(id);
    const reason = read && approvalReason(read);
    if (read !== undefined && reason !== undefined && names.sees(read.sessionId)) {
      if (choice.decision === "edit") await checkEditedInput(store, read, reason.tool, choice.input);
      const decided = await settler.settleAsRead(read, { status: "ok", payload: { ...choice } }, by);
      if (decided !== undefined) return { approval: shown(decided.record), replayed: false };
    }
    return decide(await load(id), choice, by);
  }

  return {
    async list({ sessionId: session, limit = 100 } = {}) {
      await store.open();
      const waits = await rows.pending({
        limit: MAX_WAITS,
        ...(session !== undefined && { sessionId: names.stored(session) }),
        ...(names.owner !== undefined && { owner: names.owner }),
      });
      const asked = waits.filter((record) => approvalReason(record) !== undefined).slice(0, limit);
      readWaits.note(asked);
      return asked.map(shown);
    },
    async show(id) {
      const { record } = await load(id);
      readWaits.note([record]);
      return shown(record);
    },
    approve: (id, { by = "host" } = {}) => decideById(id, { decision: "approve" }, { name: by, via: "host" }),
    async deny(id, { by = "host", reason } = {}) {
      const choice = { decision: "deny", ...(reason !== undefined && { reason }) } as const;
      return decideById(id, choice, { name: by, via: "host" });
    },
    edit: (id, input, { by = "host" } = {}) =>
      decideById(id, { decision: "edit", input }, { name: by, via: "host" }),
    async link(id, options = {}) {
      const { record } = await load(id);
      if (record.terminal !== null) throw approvalConflict(shown(record));
      return links.mint(record, options);
    },
    async open(key) {
      await store.open();
      const { record, audience } = await links.open(key);
      return { approval: shown(record), audience };
    },
    async answer(key, choice) {
      await store.open();
      const { record, reason, audience } = await links.open(key);
      return decide({ record, reason }, choice, { name: audience, via: "key" });
    },
    async receipt(id) {
      const receipt = await receiptOf((await load(id)).record, signer);
      if (receipt === undefined) throw approvalPending(id);
      return receipt;
    },
    async verify(receipt) {
      const { publicKey } = await signer();
      return typeof receipt === "string"
        ? checkApprovalReceiptText(receipt, { publicKey })
        : checkApprovalReceipt(receipt, { publicKey });
    },
    publicKey: async () => (await signer()).publicKey,
  };
}

/** A reason in other words is no other decision. */
function sameDecision(terminal: Resolution | null, asked: Resolution): boolean {
  const [was, wanted] = [terminal && readApproval(terminal), readApproval(asked)];
  return (
    was?.decision === wanted?.decision &&
    canonicalJson(was?.input ?? null) === canonicalJson(wanted?.input ?? null)
  );
}
