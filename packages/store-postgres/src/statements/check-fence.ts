import { statement } from "../connection/statement.ts";

/** $1–$3 node lease, $4 session, $5 epoch. A row if the fence holds. */
export const checkFence = statement(
  "check_fence",
  `
select s.session_id
from {schema}.sessions s
join {schema}.nodes n on n.node_id = s.owner_node and n.generation = s.owner_generation
join {schema}.node_heartbeats h on h.node_id = n.node_id and h.generation = n.generation
where s.session_id = $4 and s.epoch = $5::bigint and h.expires_at > clock_timestamp()
  and n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3`,
);
