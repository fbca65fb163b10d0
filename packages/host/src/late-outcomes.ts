import {
  type InputPart,
  inputId,
  isPawlError,
  type Json,
  type Resolution,
  type WaitReason,
} from "@pawl/core";
import type { AwaitEventRecord, Inbox } from "@pawl/core/ports";

type PendingReason = Extract<WaitReason, { type: "tool_pending" }>;

/** What a tool answered after its turn had ended without it, for the session's next turn (D18). */
export interface LateOutcomes {
  /** @returns false where nobody wants it, or where another one was there first */
  accept(record: AwaitEventRecord, outcome: Resolution): Promise<boolean>;
}

export function createLateOutcomes(options: {
  readonly inbox: Pick<Inbox<never>, "accept">;
  readonly poke: (sessionId: NonNullable<AwaitEventRecord["sessionId"]>) => void;
}): LateOutcomes {
  return {
    async accept(record, outcome) {
      const { keyId, sessionId, turnId, resolvedBy, terminal } = record;
      const reason = pendingReason(record);
      // Only where the turn gave up waiting. What was answered, or ran out of time, was told to the turn itself.
      const given = terminal?.status === "cancelled" && resolvedBy?.via === "turn";
      if (reason === undefined || sessionId === null || !given) return false;
      if (reason.onCancel === "forget" || !["ok", "err"].includes(outcome.status)) return false;
      const parts = partsOf(reason, turnId ?? "", outcome);
      try {
        await options.inbox.accept({
          // Of the wait: the same answer again is the same input, also when the first answer was lost.
          inputId: inputId(`in_${keyId.slice(0, 32)}`),
          sessionId,
          delivery: "next",
          idempotencyKey: `late outcome ${keyId}`,
          content: { parts },
        });
      } catch (thrown) {
        if (isPawlError(thrown, "store_conflict")) return false;
        throw thrown;
      }
      options.poke(sessionId);
      return true;
    },
  };
}

function pendingReason({ info }: AwaitEventRecord): PendingReason | undefined {
  if (typeof info !== "object" || info === null || !("type" in info)) return undefined;
  return info.type === "tool_pending" ? (info as unknown as PendingReason) : undefined;
}

function partsOf({ tool, callId }: PendingReason, turnId: string, outcome: Resolution): readonly InputPart[] {
  const text = `The tool "${tool}" was called in an earlier turn, which ended without waiting for it. It has answered now:`;
  const value = {
    type: "late_outcome",
    tool,
    call_id: callId,
    turn_id: turnId,
    outcome: outcome as unknown as Json,
  };
  return [
    { type: "text", text },
    { type: "structured", value },
  ];
}
