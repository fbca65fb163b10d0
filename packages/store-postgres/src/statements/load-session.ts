import { statement } from "../connection/statement.ts";
import { ASKED_IDS } from "./asked-ids.ts";

/** $1 sessions. `place` says which of them a row is. */
export const loadSession = statement(
  "load_session",
  `
select k.place, s.*
from ${ASKED_IDS}
cross join lateral (
  select s.session_id, s.runtime_state, s.revision, s.message_count, s.last_digest, s.open_turn,
    q.phase, q.blocked_code, q.blocked_message, q.paused, (extract(epoch from s.created_at) * 1000)::bigint as created_at_ms,
    (select h.node_id from {schema}.node_heartbeats h
      where h.node_id = s.owner_node and h.generation = s.owner_generation and h.expires_at > clock_timestamp()) as holder
  from {schema}.sessions s
  join {schema}.session_queue q on q.session_id = s.session_id
  where s.session_id = k.id
  limit 1
) s`,
);
