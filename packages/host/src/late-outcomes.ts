import {
  type InputPart,
  inputId,
  isPawlError,
  type Json,
  loadJsonDigest,
  type Resolution,
  type SessionId,
  type WaitReason,
} from "@pawl/core";
import type { AwaitEventRecord, Inbox, Logger } from "@pawl/core/ports";
import type { LateToolOutcome } from "@pawl/effects";

type PendingReason = Extract<WaitReason, { type: "tool_pending" }>;

/** What a tool answered after its turn had ended without it, for the session's next turn (D18). */
export interface LateOutcomes {
  /** @returns false where nobody wants it, or where another one was there first */
  accept(record: AwaitEventRecord, outcome: Resolution): Promise<boolean>;
  /** What a call in this process came to that had been told to stop and did not. Never throws: the turn has its own record of it. */
  told(late: LateToolOutcome): void;
}

export interface LateOutcomesOptions {
  readonly inbox: Pick<Inbox<never>, "accept">;
  readonly poke: (sessionId: SessionId) => void;
  readonly logger: Pick<Logger, "warn">;
}

export function createLateOutcomes({ inbox, poke, logger }: LateOutcomesOptions): LateOutcomes {
  /** `id` says which call's: the same answer again is the same input, also when the first answer was lost. */
  async function tell(sessionId: SessionId, id: string, call: Call, outcome: Resolution): Promise<boolean> {
    try {
      await inbox.accept({
        inputId: inputId(`in_${id.slice(0, 32)}`),
        sessionId,
        delivery: "next",
        idempotencyKey: `late outcome ${id}`,
        content: { parts: partsOf(call, outcome) },
      });
    } catch (thrown) {
      if (isPawlError(thrown, "store_conflict")) return false;
      throw thrown;
    }
    poke(sessionId);
    return true;
  }

  return {
    async accept(record, outcome) {
      const { keyId, sessionId, turnId, resolvedBy, terminal } = record;
      const reason = pendingReason(record);
      // Only where the turn gave up waiting. What was answered, or ran out of time, was told to the turn itself.
      const given = terminal?.status === "cancelled" && resolvedBy?.via === "turn";
      if (reason === undefined || sessionId === null || !given) return false;
      if (reason.onCancel === "forget" || !["ok", "err"].includes(outcome.status)) return false;
      return tell(sessionId, keyId, { ...reason, turnId: turnId ?? "" }, outcome);
    },
    told({ sessionId, turnId, callId, tool, idempotencyKey, outcome }) {
      const resolution: Resolution =
        outcome.status === "ok"
          ? { status: "ok", payload: outcome.output }
          : { status: "err", payload: { code: outcome.code, message: outcome.message } };
      loadJsonDigest()
        .then((digest) =>
          tell(
            sessionId as SessionId,
            digest({ late: idempotencyKey }),
            { tool, callId, turnId },
            resolution,
          ),
        )
        .catch((cause: unknown) => {
          logger.warn("What a tool answered after its turn had ended could not be told to its session.", {
            sessionId,
            turnId,
            tool,
            error: String(cause),
          });
        });
    },
  };
}

interface Call {
  readonly tool: string;
  readonly callId: string;
  readonly turnId: string;
}

function pendingReason({ info }: AwaitEventRecord): PendingReason | undefined {
  if (typeof info !== "object" || info === null || !("type" in info)) return undefined;
  return info.type === "tool_pending" ? (info as unknown as PendingReason) : undefined;
}

function partsOf({ tool, callId, turnId }: Call, outcome: Resolution): readonly InputPart[] {
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
