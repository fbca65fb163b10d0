import type { Fence, NodeLease } from "@pawl/core/ports";
import { fenced } from "./errors.ts";
import type { MemoryState, NodeRow, SessionRow } from "./memory-state.ts";

/** The node's row, if this lease still holds it. @throws PawlError `store_fenced` */
export function holdNode(state: MemoryState, lease: NodeLease, now: number): NodeRow {
  const node = state.nodes.get(lease.nodeId);
  if (!ownsNode(node, lease) || node.expiresAt <= now) throw fenced(lease.nodeId);
  return node;
}

export function ownsNode(node: NodeRow | undefined, lease: NodeLease): node is NodeRow {
  return node !== undefined && node.generation === lease.generation && node.nonce === lease.nonce;
}

/**
 * The fence of D1: node generation and nonce, and the session's epoch. Called at the start of a synchronous section, so
 * that nobody can take over between the check and the write.
 *
 * @throws PawlError `store_fenced`
 */
export function holdSession(state: MemoryState, fence: Fence, now: number): SessionRow {
  const node = holdNode(state, fence.node, now);
  const session = state.sessions.get(fence.sessionId);
  if (session === undefined || session.owner !== node || session.epoch !== fence.epoch) {
    throw fenced(fence.sessionId);
  }
  return session;
}
