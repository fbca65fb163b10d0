import { statement } from "../connection/statement.ts";

/** $1 session, $2 channel of resolutions. Waiters look again and find nothing. */
export const revokeSessionWaits = statement(
  "revoke_session_waits",
  `
with revoked as (
  insert into {schema}.revoked_sessions (session_id) values ($1)
  on conflict do nothing
  returning session_id
)
select e.key_id, pg_notify($2, e.key_id)
from {schema}.await_events e
where e.session_id = $1 and e.terminal is null and (select count(*) from revoked) >= 0`,
);
