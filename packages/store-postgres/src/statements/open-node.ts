import { statement } from "../connection/statement.ts";
import { neighbourOf } from "./neighbour.ts";

/**
 * $1 node, $2 nonce, $3 ttl in ms, $4 schema. Begins a new generation. The update of the node's row waits for the fenced
 * transactions of the generation before (D1). A generation that was closed or taken over has no nonce: what it held is freed once
 * nothing is unswept. `neighbour`: the lock of the node that this one watches, or null. `now_ms`: by the database's
 * clock.
 */
export const openNode = statement(
  "open_node",
  `
with node as (
  insert into {schema}.nodes as n (node_id, generation, nonce)
  values ($1, 1, $2)
  on conflict (node_id) do update set generation = n.generation + 1, nonce = excluded.nonce, unswept = n.unswept or n.nonce <> '',
    opened_at = clock_timestamp()
  returning n.node_id, n.generation, n.nonce, n.unswept
),
heartbeat as (
  insert into {schema}.node_heartbeats as h (node_id, generation, nonce, ttl_ms, expires_at, lock_key)
  select node_id, generation, nonce, $3::int, clock_timestamp() + $3::int * interval '1 millisecond',
    hashtextextended($4::text || '/' || node_id || '/' || generation || '/' || nonce, 0)
  from node
  on conflict (node_id) do update set generation = excluded.generation, nonce = excluded.nonce,
    ttl_ms = excluded.ttl_ms, expires_at = excluded.expires_at, lock_key = excluded.lock_key, watched = false, paused = false
  returning h.lock_key
)
select node.generation, node.unswept, heartbeat.lock_key::text as lock_key, ${neighbourOf("$1")} as neighbour,
  (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms
from node, heartbeat`,
);
