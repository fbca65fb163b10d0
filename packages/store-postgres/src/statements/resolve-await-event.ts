import { statement } from "../connection/statement.ts";
import { AWAIT_EVENT_COLUMNS } from "./await-event-columns.ts";
import { tombstone } from "./tombstone.ts";

/**
 * $1 key, $2 resolution, $3 who, $4 token of this resolver, $5 channel of work, $6 channel of resolutions; and for an event that
 * nobody registered $7 whether to make it, $8 session, $9 turn, $10 scope, $11 wait, $12 info, $13 due time in milliseconds.
 * Writes the winner, marks the session for wake-up and hints, in one statement (D15). `mine`: this resolver wrote what is
 * returned, now or in an attempt whose answer was lost. No row: unknown, or revoked.
 *
 * A session that somebody holds is marked and not announced as work: nobody else could take it, its holder hears of the event itself,
 * and whoever lets it go looks at the mark under the same lock (D16).
 *
 * The session's line is locked first, as by a claim, a park and an acceptor: whoever waits for it holds no event meanwhile. What
 * this statement sees may be older than what it locks, so the event is written by an upsert: only that looks at the row as it is
 * once it is locked, also at one that was made or resolved in between, and takes the time after the lock. Past its due time an
 * event can only have timed out.
 */
export const resolveAwaitEvent = statement(
  "resolve_await_event",
  `
with known as materialized (
  select e.* from {schema}.await_events e
  where e.key_id = $1
),
open as materialized (
  select k.key_id, k.session_id, k.turn_id, k.scope, k.wait, k.info, k.due_at
  from known k
  where k.terminal is null and not k.revoked
  union all
  select $1, $8::text, $9, $10::json, $11::json, $12::json, to_timestamp($13::double precision / 1000)
  where $7::boolean and not exists (select from known)
),
line as materialized (
  select q.session_id from {schema}.session_queue q join open o on o.session_id = q.session_id
  for update of q
),
locked as materialized (
  select count(*) as lines from line
),
written as (
  insert into {schema}.await_events as e
    (key_id, session_id, turn_id, scope, wait, info, due_at, terminal, resolved_by, resolve_token, resolved_at)
  select o.key_id, o.session_id, o.turn_id, o.scope, o.wait, o.info, o.due_at, $2::json, $3::json, $4, clock_timestamp()
  from locked l cross join open o
  where l.lines >= 0
    and not exists (select from {schema}.revoked_sessions r where r.session_id = o.session_id)
    and not exists (select from {schema}.erased_sessions e where e.session_hash = ${tombstone("session", "o.session_id")})
  on conflict (key_id) do update set (terminal, resolved_by, resolve_token, resolved_at) = (
    select
      case when t.settled then e.terminal when t.late then '{"status":"timeout"}'::json else excluded.terminal end,
      case when t.settled then e.resolved_by
        when t.late and excluded.terminal ->> 'status' <> 'timeout' then '{"name":"deadline","via":"sweeper"}'::json
        else excluded.resolved_by end,
      case when t.settled then e.resolve_token else $4 end,
      case when t.settled then e.resolved_at else t.now end
    from (
      select m.now, e.due_at is not null and e.due_at <= m.now as late, e.terminal is not null or e.revoked as settled
      from (select clock_timestamp() as now offset 0) m
      offset 0
    ) t)
  returning e.*
),
woken as (
  update {schema}.session_queue q
  set wake_at = least(q.wake_at, clock_timestamp())
  from written w
  where q.session_id = w.session_id and w.resolve_token = $4
  returning q.session_id, q.held
),
answer as (
  select * from written
  union all
  select k.* from known k
  where k.terminal is not null
    and not exists (select from {schema}.revoked_sessions r where r.session_id = k.session_id)
)
select ${AWAIT_EVENT_COLUMNS}, e.resolve_token = $4 as mine, case when not w.held then w.session_id end as woken,
  case when exists (select from written) and e.resolve_token = $4 then pg_notify($6, e.key_id) end as hinted_event,
  case when not w.held then pg_notify($5, w.session_id) end as hinted_work
from answer e
left join woken w on true
where not e.revoked`,
);
