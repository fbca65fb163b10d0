import { decodedStatement } from "../connection/statement.ts";

/** $1 session, $2 run, $3 sequence. */
export const loadBoundaryReceipt = decodedStatement(
  "load_boundary_receipt",
  `
select r.receipt, r.session_id, r.run_id, t.outcome
from {schema}.receipts r
left join {schema}.turns t on t.turn_id = r.run_id and t.session_id = r.session_id
where r.session_id = $1 and r.run_id = $2 and r.sequence = $3::int`,
);
