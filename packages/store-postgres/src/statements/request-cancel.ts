import { decodedStatement } from "../connection/statement.ts";

/**
 * $1 turn, $2 request, $3 origin, $4 reason or null, $5 channel for hints. Writes the request into the gate and marks the
 * session for wake-up (D4, D18). A turn that has not begun is known by the queued input that will begin it; that input
 * becomes due at once. No row: nobody knows the turn. `won`: this request was the first. The session's line is locked first,
 * in the same order as by a claim.
 */
export const requestCancel = decodedStatement(
  "request_cancel",
  `
with target as (
  select coalesce(
    (select t.session_id from {schema}.turns t where t.turn_id = $1),
    (select i.session_id from {schema}.inputs i where i.turn_id = $1 and i.state = 'queued' order by i.position limit 1)
  ) as session_id
),
line as (
  select q.session_id from {schema}.session_queue q join target g on g.session_id = q.session_id
  for update of q
),
asked as (
  insert into {schema}.turns as t (turn_id, session_id, cancel)
  select $1, l.session_id, json_strip_nulls(json_build_object(
    'requestId', $2::text, 'requestedAt', (extract(epoch from clock_timestamp()) * 1000)::bigint, 'origin', $3::text,
    'reason', $4::text))
  from line l
  on conflict (turn_id) do update set cancel = case when t.outcome is null
    then coalesce(t.cancel, excluded.cancel) else t.cancel end
  returning t.cancel, t.outcome
),
hastened as (
  update {schema}.inputs i
  set due_at = i.accepted_at
  from asked a
  where i.turn_id = $1 and i.state = 'queued' and a.outcome is null
  returning i.due_at
),
woken as (
  update {schema}.session_queue q
  set wake_at = least(q.wake_at, clock_timestamp()),
    input_at = least(q.input_at, (select min(h.due_at) from hastened h))
  from line l, asked a
  where q.session_id = l.session_id and a.outcome is null
  returning q.session_id
)
select a.cancel, a.outcome,
  not exists (select from {schema}.turns t where t.turn_id = $1 and t.cancel is not null) as won,
  (select w.session_id from woken w) as session_id,
  (select pg_notify($5, w.session_id) from woken w) as hinted
from asked a`,
);
