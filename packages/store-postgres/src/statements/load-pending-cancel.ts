import { statement } from "../connection/statement.ts";

/** $1 turn. */
export const loadPendingCancel = statement(
  "load_pending_cancel",
  "select t.cancel from {schema}.turns t where t.turn_id = $1 and t.outcome is null and t.cancel is not null",
);
