import { statement } from "../connection/statement.ts";

/** $1 limit. Living ones first, then those that were opened last. */
export const listNodes = statement(
  "list_nodes",
  `
select n.node_id, h.node_id is not null as alive, coalesce(h.paused, false) as paused,
  (extract(epoch from n.opened_at) * 1000)::bigint as opened_at_ms,
  (select count(*) from {schema}.sessions s
    where h.node_id is not null and s.owner_node = n.node_id and s.owner_generation = n.generation) as sessions
from {schema}.nodes n
left join {schema}.node_heartbeats h
  on h.node_id = n.node_id and h.generation = n.generation and h.nonce = n.nonce and h.expires_at > clock_timestamp()
order by alive desc, n.opened_at desc, n.node_id
limit $1::bigint`,
);
