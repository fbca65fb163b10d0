import type { Fence, NodeLease } from "@pawl/core/ports";

/** $1–$3 of every fenced statement. */
export function nodeValues(lease: NodeLease): [string, number, string] {
  return [lease.nodeId, lease.generation, lease.nonce];
}

/** $1–$5 of every statement that a session's holder runs. */
export function fenceValues(fence: Fence): [string, number, string, string, number] {
  return [...nodeValues(fence.node), fence.sessionId, fence.epoch];
}

/** A fence as one member of a JSON list, for statements that several holders share. */
export interface Holder {
  readonly nodeId: string;
  readonly generation: number;
  readonly nonce: string;
  readonly sessionId: string;
  readonly epoch: number;
}

export function holderOf({ node, sessionId, epoch }: Fence): Holder {
  return { nodeId: node.nodeId, generation: node.generation, nonce: node.nonce, sessionId, epoch };
}
