import { statement } from "../connection/statement.ts";
import { AWAIT_EVENT_COLUMNS } from "./await-event-columns.ts";

/**
 * $1 key, $2 resolution, $3 who, $4 token of this resolver, $5 channel of work, $6 channel of resolutions; and for an event that
 * nobody registered $7 whether to make it, $8 session, $9 turn, $10 scope, $11 wait, $12 info. Writes the winner, marks the session
 * for wake-up and hints, in one statement (D15). Past its due time an event can only have timed out; the time is taken when the row
 * is locked. `won`: this resolver wrote it. No row: unknown, or revoked. The session's line is locked first, in the same order
 * as by a claim.
 */
export const resolveAwaitEvent = statement(
  "resolve_await_event",
  `
with about as (
  select coalesce((select e.session_id from {schema}.await_events e where e.key_id = $1), $8::text) as session_id
),
line as (
  select q.session_id from {schema}.session_queue q join about a on a.session_id = q.session_id
  for update of q
),
ready as (
  select a.session_id, (select count(*) from line) as locked from about a
  where not exists (select from {schema}.revoked_sessions r where r.session_id = a.session_id)
),
made as (
  insert into {schema}.await_events as e
    (key_id, session_id, turn_id, scope, wait, info, terminal, resolved_by, resolve_token, resolved_at)
  select $1, $8::text, $9, $10, $11, $12, $2, $3, $4, clock_timestamp()
  from ready
  where $7 and not exists (select from {schema}.await_events k where k.key_id = $1)
  on conflict (key_id) do nothing
  returning e.*
),
settled as (
  update {schema}.await_events e
  set terminal = case when e.due_at <= clock_timestamp() then '{"status":"timeout"}'::json else $2::json end,
    resolved_by = case when e.due_at <= clock_timestamp()
      then '{"name":"deadline","via":"sweeper"}'::json else $3::json end,
    resolve_token = case when e.due_at <= clock_timestamp() then 'deadline' else $4 end,
    resolved_at = clock_timestamp()
  from ready
  where e.key_id = $1 and e.terminal is null and not e.revoked
  returning e.*
),
written as (
  select * from made union all select * from settled
),
woken as (
  update {schema}.session_queue q
  set wake_at = least(q.wake_at, clock_timestamp())
  from written w
  where q.session_id = w.session_id
  returning q.session_id
),
hinted as (
  select (select pg_notify($5, w.session_id) from woken w) as work,
    (select pg_notify($6, w.key_id) from written w) as resolution
),
known as (
  select * from written
  union all
  select e.* from {schema}.await_events e, ready
  where e.key_id = $1 and not e.revoked and not exists (select from written)
)
select ${AWAIT_EVENT_COLUMNS}, e.resolve_token = $4 as won,
  (select w.session_id from woken w) as woken, (select count(*) from hinted) as hints
from known e`,
);
