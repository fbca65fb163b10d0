import { decodedStatement } from "../connection/statement.ts";

/** $1 session, $2 run, $3 sequence. */
export const loadBoundaryReceipt = decodedStatement(
  "load_boundary_receipt",
  `
select r.receipt from {schema}.receipts r
where r.session_id = $1 and r.run_id = $2 and r.sequence = $3::int`,
);
