import { decodedStatement } from "../connection/statement.ts";
import { isInputDecoded } from "../rows/plain-content.ts";
import { ASKED_IDS } from "./asked-ids.ts";

/** $1 inputs. `place` says which of them a row is. */
export const loadInput = decodedStatement(
  "load_input",
  `
select k.place, i.*
from ${ASKED_IDS}
cross join lateral (
  select i.input_id, i.session_id, i.position, i.delivery, i.state, i.content, i.digest, i.idempotency_key,
    i.not_before_ms, (extract(epoch from i.accepted_at) * 1000)::bigint as accepted_at_ms, i.turn_id, i.last_run_id,
    i.last_boundary_sequence
  from {schema}.inputs i
  where i.input_id = k.id
  limit 1
) i`,
  isInputDecoded,
);
