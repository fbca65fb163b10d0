import { decodedStatement } from "../connection/statement.ts";
import { ASKED_IDS } from "./asked-ids.ts";

/** $1 turns. `place` says which of them a row is. */
export const loadCommittedTurn = decodedStatement(
  "load_committed_turn",
  `
select k.place, r.*
from ${ASKED_IDS}
cross join lateral (
  select r.receipt, r.session_id, r.run_id, t.outcome, r.usage, (extract(epoch from r.committed_at) * 1000)::bigint as committed_at_ms
  from {schema}.turns t
  join {schema}.receipts r on r.session_id = t.session_id and r.run_id = t.turn_id and r.sequence = t.end_sequence
  where t.turn_id = k.id
  limit 1
) r`,
);
