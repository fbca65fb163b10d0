import { statement } from "../connection/statement.ts";

/** $1–$3 node lease, $4 session, $5 epoch. A row if the fence holds; then it does until the transaction ends (D1). */
export const holdSession = statement(
  "hold_session",
  `
with fence as (
  select n.node_id, n.generation
  from {schema}.nodes n
  where n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3
    and exists (
      select from {schema}.node_heartbeats h
      where h.node_id = n.node_id and h.generation = n.generation and h.expires_at > clock_timestamp())
  for share of n
)
select s.session_id
from fence f
join {schema}.sessions s on s.session_id = $4
  and s.owner_node = f.node_id and s.owner_generation = f.generation and s.epoch = $5::bigint
for update of s`,
);
