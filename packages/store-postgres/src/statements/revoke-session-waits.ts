import { statement } from "../connection/statement.ts";

/**
 * $1 session, $2 channel of work, $3 channel of resolutions. Whoever waits is woken, parked or not, and learns that it is revoked;
 * nothing is left for sweepers and lists. The session's line is locked first, as by a resolver.
 */
export const revokeSessionWaits = statement(
  "revoke_session_waits",
  `
with remembered as (
  insert into {schema}.revoked_sessions (session_id) values ($1)
  on conflict do nothing
),
line as materialized (
  select q.session_id from {schema}.session_queue q
  where q.session_id = $1
  for update
),
locked as materialized (
  select count(*) as lines from line
),
revoked as (
  update {schema}.await_events e
  set revoked = true
  from locked l
  where l.lines >= 0 and e.session_id = $1 and e.terminal is null and not e.revoked
  returning e.key_id
),
woken as (
  update {schema}.session_queue q
  set wake_at = least(q.wake_at, clock_timestamp())
  from line
  where q.session_id = line.session_id and exists (select from revoked)
  returning q.session_id
)
select r.key_id, pg_notify($3, r.key_id),
  case when exists (select from woken) then pg_notify($2, $1) end as hinted_work
from revoked r`,
);
