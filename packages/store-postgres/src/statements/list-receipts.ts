import { decodedStatement } from "../connection/statement.ts";

/** $1 session. In the order of the chain. */
export const listReceipts = decodedStatement(
  "list_receipts",
  "select r.receipt from {schema}.receipts r where r.session_id = $1 order by r.position",
);
