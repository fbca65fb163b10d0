import { statement } from "../connection/statement.ts";

/** $1 limit. Most recently used first. */
export const listSessions = statement(
  "list_sessions",
  `
select s.session_id, s.runtime_state, s.revision, s.message_count, s.last_digest, s.open_turn,
  q.phase, q.blocked_code, q.blocked_message, q.paused, (extract(epoch from s.created_at) * 1000)::bigint as created_at_ms,
  (select h.node_id from {schema}.node_heartbeats h
    where h.node_id = s.owner_node and h.generation = s.owner_generation and h.expires_at > clock_timestamp()) as holder
from (
  select * from {schema}.session_queue order by used_at desc limit $1::bigint
) q
join {schema}.sessions s on s.session_id = q.session_id
order by q.used_at desc`,
);
