import { decodedStatement } from "../connection/statement.ts";
import { isInputDecoded } from "../rows/plain-content.ts";

/** $1 session. In order of admission. */
export const listInputs = decodedStatement(
  "list_inputs",
  `
select i.input_id, i.session_id, i.position, i.delivery, i.state, i.content, i.digest, i.idempotency_key,
  i.not_before_ms, (extract(epoch from i.accepted_at) * 1000)::bigint as accepted_at_ms, i.turn_id, i.last_run_id,
  i.last_boundary_sequence
from {schema}.inputs i
where i.session_id = $1
order by i.position`,
  isInputDecoded,
);
