import { decodedStatement } from "../connection/statement.ts";
import { isInputDecoded } from "../rows/plain-content.ts";

/**
 * $1–$3 node lease, $4 session, $5 epoch. At least one row: whether the fence holds, which turn is open, and the queued inputs
 * that are due and want to enter it, in order of admission.
 */
export const listSteeringInputs = decodedStatement(
  "list_steering_inputs",
  `
with holder as (
  select s.session_id, s.open_turn
  from {schema}.sessions s
  join {schema}.nodes n on n.node_id = s.owner_node and n.generation = s.owner_generation
  join {schema}.node_heartbeats h on h.node_id = n.node_id and h.generation = n.generation
  where s.session_id = $4 and s.epoch = $5::bigint and h.expires_at > clock_timestamp()
    and n.node_id = $1 and n.generation = $2::bigint and n.nonce = $3
)
select exists (select from holder) as held, (select h.open_turn from holder h) as open_turn,
  i.input_id, i.session_id, i.position, i.delivery, i.state, i.content, i.digest, i.idempotency_key, i.not_before_ms,
  (extract(epoch from i.accepted_at) * 1000)::bigint as accepted_at_ms, i.turn_id, i.last_run_id,
  i.last_boundary_sequence
from (select) one
left join {schema}.inputs i on i.session_id = (select h.session_id from holder h)
  and i.state = 'queued' and i.delivery in ('steer', 'interrupt') and i.due_at <= clock_timestamp()
order by i.position`,
  isInputDecoded,
);
