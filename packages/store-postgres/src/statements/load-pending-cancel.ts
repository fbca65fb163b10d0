import { decodedStatement } from "../connection/statement.ts";

/** $1 turn. */
export const loadPendingCancel = decodedStatement(
  "load_pending_cancel",
  "select t.cancel from {schema}.turns t where t.turn_id = $1 and t.outcome is null and t.cancel is not null",
);
