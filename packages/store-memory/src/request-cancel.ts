import { type CancelEvidence, inputIdsOfTurn, type SessionId, type TurnId } from "@pawl/core";
import type { CancelRequest, Sessions } from "@pawl/core/ports";
import { earliest, noteNeed } from "./claim-policy.ts";
import type { MemoryContext } from "./context.ts";
import { frozenCopy } from "./frozen-copy.ts";
import type { MemoryState } from "./memory-state.ts";

/** See `Sessions.requestCancel`. */
export function requestCancel(
  { state, hints, now }: MemoryContext,
  turnId: TurnId,
  { requestId, origin, reason }: Parameters<Sessions["requestCancel"]>[1],
): CancelRequest {
  const turn = state.turns.get(turnId);
  const sessionId = turn?.sessionId ?? expectedSession(state, turnId);
  if (sessionId === undefined) return { status: "unknown" };

  const outcome = turn?.committed?.receipt.outcome;
  if (outcome?.status === "cancelled") return { status: "already_requested", evidence: outcome.evidence };
  if (outcome) return { status: "completion_won", outcome };
  const first = state.cancels.get(turnId);
  if (first !== undefined) return { status: "already_requested", evidence: first };
  const requestedAt = now();
  const evidence: CancelEvidence = frozenCopy(
    { requestId, requestedAt, origin, ...(reason !== undefined && { reason }) },
    "The cancel request",
  );

  const session = state.sessions.get(sessionId)!;
  state.cancels.set(turnId, evidence);
  session.wakeAt = earliest(session.wakeAt, requestedAt);
  noteNeed(state, session);
  hints.work(sessionId);
  return { status: "requested", evidence };
}

/** The session of the queued input that will begin this turn. */
function expectedSession(state: MemoryState, turnId: TurnId): SessionId | undefined {
  const inputs = inputIdsOfTurn(turnId).map((id) => state.inputs.get(id));
  return inputs.find((input) => input?.state === "queued" && input.turnId === turnId)?.sessionId;
}
