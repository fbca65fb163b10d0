import { statement } from "../connection/statement.ts";

/** $1 session, $2 channel of resolutions. Waiters look again and find nothing; nothing is left for sweepers and lists. */
export const revokeSessionWaits = statement(
  "revoke_session_waits",
  `
with remembered as (
  insert into {schema}.revoked_sessions (session_id) values ($1)
  on conflict do nothing
),
revoked as (
  update {schema}.await_events e
  set revoked = true
  where e.session_id = $1 and e.terminal is null and not e.revoked
  returning e.key_id
)
select r.key_id, pg_notify($2, r.key_id) from revoked r`,
);
