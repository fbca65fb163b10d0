import { type Json, loadJsonDigest, type Resolution, type ResolvedBy, readApproval } from "@pawl/core";
import type { AwaitEventRecord, AwaitEventRows, Clock, ResolveResult, StoreTime } from "@pawl/core/ports";
import { checkNotEarly, type ReceiptSigner } from "@pawl/effects/await-events";
import { argumentHash } from "@pawl/effects/guards";
import { receiptFactsOf } from "./approval-receipts.ts";
import { approvalReason } from "./approval-view.ts";
import { argumentsChanged } from "./errors.ts";
import type { LateOutcomes } from "./late-outcomes.ts";

export interface WaitSettlerOptions {
  readonly rows: AwaitEventRows;
  readonly clock: Pick<Clock, "now">;
  /** The clock of the store, by which "no" is early or not (D12). Absent: this process's. */
  readonly time?: StoreTime | undefined;
  readonly signer: () => Promise<ReceiptSigner>;
  /** The arguments that the turn asked for, by its own log; undefined where that is not known. */
  readonly askedInput: (record: AwaitEventRecord) => Promise<Json | undefined>;
  readonly lateOutcomes: LateOutcomes;
}

/** Who answers, and how it came in. */
export interface Answerer {
  readonly name: string;
  readonly via: Extract<ResolvedBy["via"], "host" | "key">;
}

/** Writes answers: the one place through which people's answers reach the store. */
export interface WaitSettler {
  /**
   * An approval's answer says who gave it, and its receipt is signed and stored in the same write.
   *
   * @throws PawlError `approval_arguments_changed`, `wait_answer_early`
   */
  settle(record: AwaitEventRecord, resolution: Resolution, by: Answerer): Promise<SettleResult>;
  /**
   * As `settle`, of a wait as it was read some time ago. Undefined when it is not open any more, or not what it was: nothing was written
   * then, and it has to be read again.
   */
  settleAsRead(
    record: AwaitEventRecord,
    resolution: Resolution,
    by: Answerer,
  ): Promise<AcceptedResult | undefined>;
}

export type AcceptedResult = Extract<ResolveResult, { readonly status: "accepted" }>;

/** `late`: the turn had ended without it, and its session is told (D18). */
export type SettleResult = ResolveResult | { readonly status: "late"; readonly record: AwaitEventRecord };

export function createWaitSettler({
  rows,
  clock,
  time,
  signer,
  askedInput,
  lateOutcomes,
}: WaitSettlerOptions): WaitSettler {
  /** What is written: an approval's answer with who gave it and the signed receipt. */
  async function prepared(
    record: AwaitEventRecord,
    resolution: Resolution,
    { name, via }: Answerer,
  ): Promise<{ readonly terminal: Resolution; readonly by: ResolvedBy }> {
    const by: ResolvedBy = { name, via };
    const reason = approvalReason(record);
    if (reason === undefined) {
      checkNotEarly(record, resolution, time?.().earliest ?? clock.now());
      return { terminal: resolution, by };
    }
    const digest = await loadJsonDigest();
    if (argumentHash(reason.tool, reason.input, digest) !== reason.argumentHash) {
      throw argumentsChanged(record.keyId, reason.input, await askedInput(record));
    }
    const terminal = withName(resolution, name);
    const facts = receiptFactsOf({ ...record, terminal, resolvedBy: by, resolvedAt: clock.now() });
    const receipt = facts && (await (await signer()).sign(facts));
    return { terminal, by: { ...by, ...(receipt && { note: { receipt: receipt as unknown as Json } }) } };
  }

  /** The short way, for what is as usual. */
  async function resolveAsRead(
    { keyId, sessionId, dueAt, info, terminal: winner }: AwaitEventRecord,
    terminal: Resolution,
    by: ResolvedBy,
  ): Promise<AcceptedResult | undefined> {
    if (winner !== null || dueAt !== null || sessionId === null) return undefined;
    const resolved = await rows.resolveOpen(keyId, terminal, by, { info });
    return resolved && { status: "accepted", record: resolved };
  }

  return {
    async settle(record, resolution, answerer) {
      const { terminal, by } = await prepared(record, resolution, answerer);
      const result =
        (await resolveAsRead(record, terminal, by)) ?? (await rows.resolve(record.keyId, terminal, by));
      if (result.status !== "already_resolved" || approvalReason(record) !== undefined) return result;
      const late = await lateOutcomes.accept(result.record, resolution);
      return late ? { status: "late", record: result.record } : result;
    },

    async settleAsRead(record, resolution, answerer) {
      const { terminal, by } = await prepared(record, resolution, answerer);
      return resolveAsRead(record, terminal, by);
    },
  };
}

/** Who decided goes into the turn's log with the decision: it is read there long after the wait itself is forgotten. */
function withName(resolution: Resolution, by: string): Resolution {
  if (resolution.status !== "ok" || readApproval(resolution) === undefined) return resolution;
  return { status: "ok", payload: { ...(resolution.payload as { readonly [member: string]: Json }), by } };
}
