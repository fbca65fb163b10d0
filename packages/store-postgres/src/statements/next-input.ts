import { decodedStatement } from "../connection/statement.ts";
import { isInputDecoded } from "../rows/plain-content.ts";

/**
 * $1 a JSON list of `{ nodeId, generation, nonce, sessionId, epoch }`. One row for each, `place` says of which: whether the fence
 * holds, and the oldest queued input that is due while no turn is open and the session is not paused.
 */
export const nextInput = decodedStatement(
  "next_input",
  `
select a.place, s.session_id is not null as held, i.input_id, i.session_id, i.position, i.delivery, i.state, i.content,
  i.digest, i.idempotency_key, i.not_before_ms, (extract(epoch from i.accepted_at) * 1000)::bigint as accepted_at_ms,
  i.turn_id, i.last_run_id, i.last_boundary_sequence
from rows from (json_to_recordset($1::json) as ("nodeId" text, generation bigint, nonce text, "sessionId" text, epoch bigint))
  with ordinality as a ("nodeId", generation, nonce, "sessionId", epoch, place)
left join lateral (
  select s.session_id, s.open_turn,
    (select q.paused from {schema}.session_queue q where q.session_id = s.session_id) as paused
  from {schema}.sessions s
  join {schema}.nodes n on n.node_id = s.owner_node and n.generation = s.owner_generation
  join {schema}.node_heartbeats h on h.node_id = n.node_id and h.generation = n.generation
  where s.session_id = a."sessionId" and s.epoch = a.epoch and h.expires_at > clock_timestamp()
    and n.node_id = a."nodeId" and n.generation = a.generation and n.nonce = a.nonce
  limit 1
) s on true
left join lateral (
  select * from {schema}.inputs i
  where i.session_id = s.session_id and s.open_turn is null and not s.paused
    and i.state = 'queued' and i.due_at <= clock_timestamp()
  order by i.position
  limit 1
) i on true`,
  isInputDecoded,
);
