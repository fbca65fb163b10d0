import { statement } from "../connection/statement.ts";

/** $1 session, $2 state, $3 channel of work. Makes the session when it is new. */
export const setRuntimeState = statement(
  "set_runtime_state",
  `
insert into {schema}.sessions as s (session_id, runtime_state) values ($1, $2)
on conflict (session_id) do update set runtime_state = excluded.runtime_state,
  rest_state = case when $2 = 'running' and s.runtime_state <> 'running' then s.runtime_state else s.rest_state end
returning pg_notify($3, $1) as hinted`,
);
