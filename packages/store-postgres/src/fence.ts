import type { Fence, NodeLease } from "@pawl/core/ports";
import type { StoreContext } from "./context.ts";
import { fenced } from "./errors.ts";
import { checkFence } from "./statements/check-fence.ts";

/** $1–$3 of every fenced statement. */
export function nodeValues(lease: NodeLease): [string, number, string] {
  return [lease.nodeId, lease.generation, lease.nonce];
}

/** $1–$5 of every statement that a session's holder runs. */
export function fenceValues(fence: Fence): [string, number, string, string, number] {
  return [...nodeValues(fence.node), fence.sessionId, fence.epoch];
}

/** Looks without writing. @throws PawlError `store_fenced` */
export async function assertHeld({ database }: StoreContext, fence: Fence): Promise<void> {
  const rows = await database.read(checkFence, fenceValues(fence));
  if (rows.length === 0) throw fenced(fence.sessionId);
}
