import type { NextTurn, NodeLease, SessionClaim } from "@pawl/core/ports";
import { nextInput, noteNeed } from "./claim-policy.ts";
import type { MemoryState, NodeRow, SessionRow } from "./memory-state.ts";

/** The session is this node's from now on. Whether it may be is asked before. */
export function takeSession(
  state: MemoryState,
  session: SessionRow,
  node: NodeRow,
  lease: NodeLease,
  at: number,
): SessionClaim {
  const logHead = session.log.length;
  if (session.claimedHead !== null) {
    session.attempts = logHead > session.claimedHead ? 0 : session.attempts + 1;
  }
  session.claimedHead = logHead;
  session.owner = node;
  node.sessions.add(session);
  session.epoch += 1;
  session.wakeAt = null;
  // From here on it runs: should this owner die, the open turn itself is what there is to do.
  session.parked = false;
  session.dueAt = null;
  session.blocked = null;
  session.notBefore = 0;
  noteNeed(state, session);
  const next = nextTurn(state, session, at);
  return Object.freeze({
    sessionId: session.sessionId,
    fence: Object.freeze({ node: lease, sessionId: session.sessionId, epoch: session.epoch }),
    logHead,
    openTurn: session.openTurn?.turnId ?? null,
    attempts: session.attempts,
    ...(next !== undefined && { next }),
  });
}

function nextTurn(state: MemoryState, session: SessionRow, at: number): NextTurn | undefined {
  const input = nextInput(state, session, at);
  if (input === null || input.turnId === null) return undefined;
  const base = Object.freeze({ revision: session.revision, messages: session.messages.length });
  return Object.freeze({ input, base, cancel: state.cancels.get(input.turnId) ?? null });
}
