import { statement } from "../connection/statement.ts";

/**
 * $1 key, $2 channel of work, $3 channel of resolutions. An event that is not there yet is refused from now on as well. Whoever
 * waits for it is woken, parked or not, and learns that it is revoked. The session's line is locked first, as by a resolver.
 */
export const revokeAwaitEvent = statement(
  "revoke_await_event",
  `
with known as materialized (
  select e.session_id from {schema}.await_events e
  where e.key_id = $1 and e.terminal is null and not e.revoked
),
line as materialized (
  select q.session_id from {schema}.session_queue q join known k on k.session_id = q.session_id
  for update of q
),
locked as materialized (
  select count(*) as lines from line
),
revoked as (
  insert into {schema}.await_events as e (key_id, scope, wait, info, revoked)
  select $1, '{}', '{}', '{}', true from locked l where l.lines >= 0
  on conflict (key_id) do update set revoked = true
  returning e.key_id
),
woken as (
  update {schema}.session_queue q
  set wake_at = least(q.wake_at, clock_timestamp())
  from line, revoked
  where q.session_id = line.session_id
  returning q.session_id
)
select r.key_id, w.session_id as woken, pg_notify($3, r.key_id),
  case when w.session_id is not null then pg_notify($2, w.session_id) end as hinted_work
from revoked r
left join woken w on true`,
);
