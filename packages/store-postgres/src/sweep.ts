import type { Database } from "./connection/database.ts";
import { finishSweep } from "./statements/finish-sweep.ts";
import { sweepNode } from "./statements/sweep-node.ts";

const SESSIONS_PER_SWEEP = 500;

/**
 * Frees the sessions that earlier generations of a node held; `inGoodOrder` as when a node is closed (D17). Sessions that a caller's
 * transaction keeps locked are left, and the node stays marked until a later sweep gets them.
 *
 * @returns how many were freed
 */
export async function sweep(database: Database, nodeId: string, inGoodOrder: boolean): Promise<number> {
  let total = 0;
  for (;;) {
    const [row] = await database.write(sweepNode, [nodeId, inGoodOrder, SESSIONS_PER_SWEEP]);
    const freed = Number(row?.freed ?? 0);
    total += freed;
    if (freed < SESSIONS_PER_SWEEP) break;
  }
  await database.write(finishSweep, [nodeId]);
  return total;
}
