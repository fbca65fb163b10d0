import { statement } from "../connection/statement.ts";

/** $1 session. */
export const readRuntimeState = statement(
  "read_runtime_state",
  "select s.runtime_state, s.rest_state from {schema}.sessions s where s.session_id = $1",
);
