import { statement } from "../connection/statement.ts";
import { NODE_FENCE, SESSION_HOLDER } from "./fence.ts";

/**
 * $1–$3 node lease, $4 session, $5 epoch, $6 turn, $7 inputs, $8 hash and $9 text of the configuration (null when it is known
 * to be stored), $10 behaviour, then the first row: $11 seq, $12 ordinal, $13 at, $14 body, $15 version; $16 the turn that it is a fork of, or null.
 *
 * All or nothing (D7): an input that is not queued, or a turn id that was used, undoes it by the division by zero. `stored`:
 * this very row was written by an earlier attempt. The rest is what the turn's commit will stand on.
 *
 * As of a claim, the commit is not waited for until it is on the disk, but where a configuration is sent: whoever sent it once believes
 * from then on that it is stored.
 */
export const beginTurn = statement(
  "begin_turn",
  `
with ${NODE_FENCE},
${SESSION_HOLDER},
tail as (
  select greatest(h.log_head, coalesce((
    select l.seq from {schema}.log l where l.session_id = $4 order by l.seq desc limit 1), 0)) as head
  from holder h
),
going as (
  select h.session_id from holder h, tail t where h.open_turn is null and t.head + 1 = $11::bigint
),
kept as (
  insert into {schema}.configs (hash, config)
  select $8, $9::text::json from going where $9::text is not null
  on conflict do nothing
),
begun as (
  insert into {schema}.turns as t (turn_id, session_id, config_hash, behaviour, first_seq, begun_at, fork_of)
  select $6, g.session_id, $8, $10, $11::bigint, clock_timestamp(), $16 from going g
  on conflict (turn_id) do update set config_hash = excluded.config_hash, behaviour = excluded.behaviour,
    first_seq = excluded.first_seq, begun_at = excluded.begun_at, fork_of = excluded.fork_of
  -- The row of a cancel request that came before the turn.
  where t.session_id = excluded.session_id and t.first_seq is null and t.outcome is null
  returning t.begun_at
),
staged as (
  update {schema}.inputs i
  set state = 'staged', turn_id = $6
  from going g
  where i.input_id = any($7::text[]) and i.session_id = g.session_id and i.state = 'queued'
  returning i.input_id, i.digest, i.delivery
),
opened as (
  update {schema}.sessions s
  set open_turn = $6, open_behaviour = $10, open_since = b.begun_at,
    rest_state = case when s.runtime_state = 'running' then s.rest_state else s.runtime_state end,
    runtime_state = 'running'
  from going g, begun b
  where s.session_id = g.session_id
),
written as (
  insert into {schema}.log (session_id, seq, epoch, at, ordinal, version, turn_id, body)
  select g.session_id, $11::bigint, $5::bigint, $13::bigint, $12::int, $15::smallint, $6, $14::text::json from going g
  returning 1
)
select exists (select from holder) as held, (select h.open_turn from holder h) as open_turn,
  (select t.head from tail t) as head, exists (select from written) as done,
  exists (
    select from {schema}.log l
    where l.session_id = $4 and l.seq = $11::bigint and l.epoch = $5::bigint and l.turn_id = $6
      and l.ordinal is not distinct from $12::int and l.at = $13::bigint and l.body::text = $14) as stored,
  1 / (case when not exists (select from going)
    or (exists (select from begun) and (select count(*) from staged) = cardinality($7::text[])) then 1 else 0 end)
    as complete,
  s.revision, s.message_count, s.receipt_count, s.last_digest,
  (select json_agg(json_build_object('input_id', i.input_id, 'digest', i.digest, 'delivery', i.delivery)) from staged i)
    as inputs,
  case when $9::text is null then set_config('synchronous_commit', 'off', true) end as unflushed
from (select) one
left join {schema}.sessions s on s.session_id = $4`,
);
