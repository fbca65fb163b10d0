import { decodedStatement } from "../connection/statement.ts";

/** $1 turn. */
export const loadCommittedTurn = decodedStatement(
  "load_committed_turn",
  `
select r.receipt, r.usage, (extract(epoch from r.committed_at) * 1000)::bigint as committed_at_ms
from {schema}.turns t
join {schema}.receipts r on r.session_id = t.session_id and r.run_id = t.turn_id and r.sequence = t.end_sequence
where t.turn_id = $1`,
);
