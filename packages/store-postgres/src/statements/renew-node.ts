import { statement } from "../connection/statement.ts";
import { neighbourOf } from "./neighbour.ts";
import { holdsItsLock } from "./node-liveness.ts";

/**
 * $1 node, $2 generation, $3 nonce. Zero rows: the lease ran out or was taken over. `seen` is false when others believe to
 * watch this process and its lock is gone. `neighbour`: the lock of the node that this one watches, or null.
 * `now_ms`: by the database's clock.
 */
export const renewNode = statement(
  "renew_node",
  `
update {schema}.node_heartbeats h
set expires_at = clock_timestamp() + h.ttl_ms * interval '1 millisecond'
where h.node_id = $1 and h.generation = $2::bigint and h.nonce = $3 and h.expires_at > clock_timestamp()
  and exists (
    select from {schema}.nodes n
    where n.node_id = h.node_id and n.generation = h.generation and n.nonce = h.nonce)
returning not h.watched or ${holdsItsLock("h")} as seen, ${neighbourOf("h.node_id")} as neighbour,
  (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms`,
);
