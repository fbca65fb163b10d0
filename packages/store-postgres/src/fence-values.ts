import type { Fence, NodeLease } from "@pawl/core/ports";

/** $1–$3 of every fenced statement. */
export function nodeValues(lease: NodeLease): [string, number, string] {
  return [lease.nodeId, lease.generation, lease.nonce];
}

/** $1–$5 of every statement that a session's holder runs. */
export function fenceValues(fence: Fence): [string, number, string, string, number] {
  return [...nodeValues(fence.node), fence.sessionId, fence.epoch];
}
