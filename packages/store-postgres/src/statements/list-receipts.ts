import { decodedStatement } from "../connection/statement.ts";

/** $1 session. In the order of the chain. */
export const listReceipts = decodedStatement(
  "list_receipts",
  `
select r.receipt, r.session_id, r.run_id, t.outcome
from {schema}.receipts r
left join {schema}.turns t on t.turn_id = r.run_id and t.session_id = r.session_id
where r.session_id = $1
order by r.position`,
);
