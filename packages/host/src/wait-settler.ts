import { type Json, loadJsonDigest, type Resolution, type ResolvedBy, readApproval } from "@pawl/core";
import type { AwaitEventRecord, AwaitEventRows, Clock, ResolveResult } from "@pawl/core/ports";
import { checkNotEarly, type ReceiptSigner } from "@pawl/effects/await-events";
import { argumentHash } from "@pawl/effects/guards";
import { receiptFactsOf } from "./approval-receipts.ts";
import { approvalReason } from "./approval-view.ts";
import { argumentsChanged } from "./errors.ts";
import type { LateOutcomes } from "./late-outcomes.ts";

export interface WaitSettlerOptions {
  readonly rows: AwaitEventRows;
  readonly clock: Pick<Clock, "now">;
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
}

/** `late`: the turn had ended without it, and its session is told (D18). */
export type SettleResult = ResolveResult | { readonly status: "late"; readonly record: AwaitEventRecord };

export function createWaitSettler({
  rows,
  clock,
  signer,
  askedInput,
  lateOutcomes,
}: WaitSettlerOptions): WaitSettler {
  return {
    async settle(record, resolution, { name, via }) {
      const reason = approvalReason(record);
      if (reason === undefined) {
        checkNotEarly(record, resolution, clock.now());
        const result = await rows.resolve(record.keyId, resolution, { name, via });
        if (result.status !== "already_resolved") return result;
        const late = await lateOutcomes.accept(result.record, resolution);
        return late ? { status: "late", record: result.record } : result;
      }
      const digest = await loadJsonDigest();
      if (argumentHash(reason.tool, reason.input, digest) !== reason.argumentHash) {
        throw argumentsChanged(record.keyId, reason.input, await askedInput(record));
      }
      const signed = withName(resolution, name);
      const by: ResolvedBy = { name, via };
      const decided = { ...record, terminal: signed, resolvedBy: by, resolvedAt: clock.now() };
      const facts = receiptFactsOf(decided);
      const receipt = facts && (await (await signer()).sign(facts));
      return rows.resolve(record.keyId, signed, {
        ...by,
        ...(receipt && { note: { receipt: receipt as unknown as Json } }),
      });
    },
  };
}

/** Who decided goes into the turn's log with the decision: it is read there long after the wait itself is forgotten. */
function withName(resolution: Resolution, by: string): Resolution {
  if (resolution.status !== "ok" || readApproval(resolution) === undefined) return resolution;
  return { status: "ok", payload: { ...(resolution.payload as { readonly [member: string]: Json }), by } };
}
