import { holdsItsLock } from "./node-liveness.ts";

/**
 * The lock of the node that follows `nodeId` in the order of names, and of the first one behind the last: who is watched by it. Only
 * of those that hold their lock; null where there is none. `nodeId` is an expression.
 */
export function neighbourOf(nodeId: string): string {
  return `(
    select o.lock_key::text from {schema}.node_heartbeats o
    where o.node_id <> ${nodeId} and o.watched and o.expires_at > clock_timestamp()
      and ${holdsItsLock("o")}
    order by o.node_id > ${nodeId} desc, o.node_id
    limit 1)`;
}
