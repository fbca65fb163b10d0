import { statement } from "../connection/statement.ts";

/** $1 key, $2 channel of resolutions. An event that is not there yet is refused from now on as well. */
export const revokeAwaitEvent = statement(
  "revoke_await_event",
  `
with revoked as (
  insert into {schema}.await_events as e (key_id, scope, wait, info, revoked)
  values ($1, '{}', '{}', '{}', true)
  on conflict (key_id) do update set revoked = true
  returning e.key_id
)
select pg_notify($2, r.key_id) from revoked r`,
);
