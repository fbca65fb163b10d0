import { decodedStatement } from "../connection/statement.ts";
import { isInputDecoded } from "../rows/plain-content.ts";
import { tombstone } from "./tombstone.ts";

/**
 * $1 session, $2 input, $3 content, $4 digest, $5 delivery, $6 idempotency key, $7 not before in ms since the epoch, $8 turn
 * that it will begin, $9 channel for hints.
 *
 * Returns what was there under this key or id before (`known`), or the new input (`entered`), or nothing when somebody else
 * has just entered the same: then a repetition finds it. Nothing is written when the session takes no inputs. The line of
 * the session is locked before the position is given, so positions are in the order of commits.
 *
 * Within a transaction of more than this, and whenever it is not as `accept-input-usual.ts` would have it.
 */
export const acceptInput = decodedStatement(
  "accept_input",
  `
with known as (
  select i.input_id from {schema}.inputs i where i.input_id = $2
  union
  select i.input_id from {schema}.inputs i where i.session_id = $1 and i.idempotency_key = $6
),
-- Ids of what was erased are used up.
buried as materialized (
  select exists (select from {schema}.erased_sessions e where e.session_hash = ${tombstone("session", "$1::text")}) as session,
    exists (select from {schema}.tombstones t where t.hash = ${tombstone("input", "$2::text")}) as input
),
entry as (
  select clock_timestamp() as now, greatest(clock_timestamp(), to_timestamp($7::double precision / 1000)) as due_at
  where not exists (select from known) and not exists (select from buried b where b.session or b.input) and not exists (
    select from {schema}.sessions s
    where s.session_id = $1 and (s.runtime_state in ('retired', 'stopped', 'destroyed')
      or (s.runtime_state = 'running' and s.rest_state = 'retired')))
),
line as (
  insert into {schema}.session_queue as q (session_id, positions, input_at, wake_at, used_at)
  -- An interrupt must reach a turn that is parked, or about to be (D16). A steer waits.
  select $1, 1, due_at, case when $5 = 'interrupt' then due_at end, now from entry
  on conflict (session_id) do update set positions = q.positions + 1, used_at = excluded.used_at,
    input_at = least(q.input_at, excluded.input_at), wake_at = least(q.wake_at, excluded.wake_at)
  returning q.positions
),
born as (
  insert into {schema}.sessions (session_id, created_at)
  select $1, e.now from line, entry e
  on conflict do nothing
),
entered as (
  insert into {schema}.inputs (input_id, session_id, position, delivery, state, content, digest, idempotency_key,
    not_before_ms, due_at, accepted_at, turn_id)
  select $2, $1, l.positions, $5, 'queued', $3::json, $4, $6, $7::bigint, e.due_at, e.now, $8
  from entry e, line l
  on conflict do nothing
  returning *
),
found as (
  select 'entered' as how, e.* from entered e
  union all
  select 'known' as how, i.* from {schema}.inputs i where i.input_id in (select input_id from known)
)
select f.how, f.input_id, f.session_id, f.position, f.delivery, f.state, f.content, f.digest,
  coalesce(f.given_digest, f.digest) as given_digest, f.idempotency_key,
  f.not_before_ms, (extract(epoch from f.accepted_at) * 1000)::bigint as accepted_at_ms, f.turn_id, f.last_run_id,
  f.last_boundary_sequence,
  (
    select case when s.runtime_state = 'running' and s.rest_state = 'retired' then s.rest_state else s.runtime_state end
    from {schema}.sessions s where s.session_id = $1
  ) as runtime_state,
  b.session as session_erased, b.input as input_erased,
  case when f.how = 'entered' then pg_notify($9, $1) end as hinted
from buried b
left join found f on true`,
  isInputDecoded,
);
