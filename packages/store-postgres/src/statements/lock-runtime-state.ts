import { statement } from "../connection/statement.ts";

/** $1 session. As `read_runtime_state`; nobody changes it until the transaction ends. */
export const lockRuntimeState = statement(
  "lock_runtime_state",
  "select s.runtime_state, s.rest_state from {schema}.sessions s where s.session_id = $1 for update",
);
