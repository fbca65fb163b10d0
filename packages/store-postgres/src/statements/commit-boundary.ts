import { statement } from "../connection/statement.ts";
import { NODE_FENCE } from "./fence.ts";

/**
 * $1–$3 node lease, $4 session, $5 epoch, $6 run, $7 whether the turn ends. Asserted from the facts: $8 receipts so far, $9
 * revision, $10 last digest. Written: $11 sequence, $12 receipt, $13 its digest, $14 usage, $15 outcome, $16 whether that is
 * the cancelled form, $17 positions and $18 bodies of the rows of messages, $19 inputs that are consumed, $20 inputs that go back to the
 * queue, and the turn's last row, if any: $21 seq, $22 ordinal, $23 at, $24 body, $25 version. $26 channel for hints. $27 JSON
 * array of await-events of other sessions that this boundary settles, or null; $28 channel of work, $29 channel of resolutions.
 * $30 digests of the inputs that are consumed, which the receipt names. $31 how many messages there are.
 *
 * One statement, so all or nothing. `moved`: the head is not what the facts said. `gate`: a cancel request came before the
 * outcome could be sealed (D18). Then nothing is written. Inputs that are not staged, are others than
 * the receipt names, or would be left staged by the turn's end undo it by the division by zero (D19).
 *
 * Waits of others are settled as `resolve_await_event` does: first the lines of their sessions, then the events (D22).
 */
export const commitBoundary = statement(
  "commit_boundary",
  `
with ${NODE_FENCE},
holder as (
  select s.session_id, s.receipt_count, s.revision, s.last_digest, s.open_turn, s.log_head
  from fence f
  join {schema}.sessions s on s.session_id = $4
    and s.owner_node = f.node_id and s.owner_generation = f.generation and s.epoch = $5::bigint
  for update of s
),
head as (
  select h.session_id from holder h
  where h.receipt_count = $8::bigint and h.revision = $9::bigint and h.last_digest is not distinct from $10
    and (not $7::boolean or h.open_turn = $6)
    and ($21::bigint is null or $21::bigint = 1 + greatest(h.log_head, coalesce((
      select l.seq from {schema}.log l where l.session_id = $4 order by l.seq desc limit 1), 0)))
),
sealed as (
  update {schema}.turns t
  set outcome = $15::json, end_sequence = $11::int, last_seq = coalesce($21::bigint, (
      select l.seq from {schema}.log l where l.session_id = $4 order by l.seq desc limit 1)), ended_at = clock_timestamp()
  from head h
  where $7::boolean and t.turn_id = $6 and t.session_id = h.session_id and t.outcome is null
    and (t.cancel is null or $16::boolean)
  returning t.turn_id
),
going as (
  select h.session_id from head h where not $7::boolean or exists (select from sealed)
),
-- Nobody waits any more. A resolver that is under way was first, or learns that it is too late.
unwaited as (
  update {schema}.await_events e
  set terminal = '{"status":"cancelled"}', resolved_by = '{"name":"turn","via":"turn"}', resolve_token = 'turn',
    resolved_at = clock_timestamp()
  from sealed
  where e.session_id = $4 and e.turn_id = sealed.turn_id and e.terminal is null and not e.revoked
),
appended as (
  insert into {schema}.messages (session_id, position, run_id, body)
  select g.session_id, m.position, $6, m.body::json
  from going g, unnest($17::bigint[], $18::text[]) as m (position, body)
  returning 1
),
consumed as (
  update {schema}.inputs i
  set state = 'consumed', last_run_id = $6, last_boundary_sequence = $11::int
  from going g
  where i.input_id = any($19::text[]) and i.session_id = g.session_id and i.turn_id = $6 and i.state = 'staged'
    and i.digest = any($30::text[])
  returning 1
),
returned as (
  update {schema}.inputs i
  set state = 'queued', turn_id = null
  from going g
  where i.input_id = any($20::text[]) and i.session_id = g.session_id and i.turn_id = $6 and i.state = 'staged'
  returning 1
),
minted as (
  insert into {schema}.receipts (session_id, run_id, sequence, position, receipt, usage)
  select g.session_id, $6, $11::int, $8::bigint, $12::json, $14::json from going g
),
advanced as (
  update {schema}.sessions s
  set receipt_count = s.receipt_count + 1, last_digest = $13,
    revision = s.revision + case when $18::text[] is null then 0 else 1 end,
    message_count = s.message_count + coalesce($31::bigint, 0),
    log_head = coalesce($21::bigint, s.log_head),
    open_turn = case when $7::boolean then null else s.open_turn end,
    open_behaviour = case when $7::boolean then null else s.open_behaviour end,
    open_since = case when $7::boolean then null else s.open_since end,
    runtime_state = case when $7::boolean and s.runtime_state = 'running' then s.rest_state else s.runtime_state end
  from going g
  where s.session_id = g.session_id
),
written as (
  insert into {schema}.log (session_id, seq, epoch, at, ordinal, version, turn_id, body)
  select g.session_id, $21::bigint, $5::bigint, $23::bigint, $22::int, $25::smallint, $6, $24::json
  from going g where $21::bigint is not null
),
settling as materialized (
  select s.key_id, s.session_id, s.turn_id, s.scope, s.wait, s.info, s.terminal,
    to_timestamp(s.due_ms::double precision / 1000) as due_at
  from going g, json_to_recordset($27::json)
    as s (key_id text, session_id text, turn_id text, scope json, wait json, info json, due_ms bigint, terminal json)
),
line as materialized (
  select q.session_id from {schema}.session_queue q
  where q.session_id in (select s.session_id from settling s)
  order by q.session_id
  for update of q
),
locked as materialized (
  select count(*) as lines from line
),
told as (
  insert into {schema}.await_events as e
    (key_id, session_id, turn_id, scope, wait, info, due_at, terminal, resolved_by, resolve_token, resolved_at)
  select s.key_id, s.session_id, s.turn_id, s.scope, s.wait, s.info, s.due_at, s.terminal,
    '{"name":"turn","via":"turn"}', $13, clock_timestamp()
  from locked l cross join settling s
  where l.lines >= 0
    and not exists (select from {schema}.revoked_sessions r where r.session_id = s.session_id)
  on conflict (key_id) do update set (terminal, resolved_by, resolve_token, resolved_at) = (
    select
      case when t.settled then e.terminal when t.late then '{"status":"timeout"}'::json else excluded.terminal end,
      case when t.settled then e.resolved_by when t.late then '{"name":"deadline","via":"sweeper"}'::json
        else excluded.resolved_by end,
      case when t.settled then e.resolve_token else $13 end,
      case when t.settled then e.resolved_at else t.now end
    from (
      select m.now, e.due_at is not null and e.due_at <= m.now as late, e.terminal is not null or e.revoked as settled
      from (select clock_timestamp() as now offset 0) m
      offset 0
    ) t)
  returning e.key_id, e.session_id, e.resolve_token
),
woken as (
  update {schema}.session_queue q
  set wake_at = least(q.wake_at, clock_timestamp())
  from told t
  where q.session_id = t.session_id and t.resolve_token = $13
  returning q.session_id
)
select exists (select from holder) as held, not exists (select from head) as moved, exists (select from going) as done,
  case when exists (select from going) then pg_notify($26, $4) end as hinted,
  (select count(pg_notify($28, w.session_id)) from woken w) as hinted_work,
  (select count(pg_notify($29, t.key_id)) from told t where t.resolve_token = $13) as hinted_events,
  1 / (case when not exists (select from going)
    or ((select count(*) from consumed) = cardinality($19::text[])
      and (select count(*) from returned) = cardinality($20::text[])
      and (not $7::boolean or cardinality($19::text[]) + cardinality($20::text[]) = (
        select count(*) from {schema}.inputs i where i.turn_id = $6 and i.session_id = $4 and i.state = 'staged'))) then 1 else 0 end) as complete`,
);
