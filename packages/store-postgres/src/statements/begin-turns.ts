import { statement } from "../connection/statement.ts";
import { nodesNamedIn } from "./fence.ts";

/**
 * The usual case of `begin-turn.ts`, for several turns at once: $1 a JSON list of `{ nodeId, generation, nonce, sessionId, epoch,
 * turnId, inputId, configHash, behaviour, seq, ordinal, at, body }`, a session at most once. $2 version of the row.
 *
 * Returns the sessions whose turns are begun, with what their commits will stand on: those that are held, have no open turn and a
 * log that ends before this row, and whose input is queued. Of the others nothing is written; they are to be judged by the general
 * statement. So is everything when any of it fails, as it does where a cancel request came before a turn. Locks and places as in
 * `end-turns.ts`. As of a claim, the commit is not waited for until it is on the disk: the next durable row of each is behind it.
 */
export const beginTurns = statement(
  "begin_turns",
  `
with asked as materialized (
  select * from json_to_recordset($1::json) as a (
    "nodeId" text, generation bigint, nonce text, "sessionId" text, epoch bigint, "turnId" text, "inputId" text,
    "configHash" text, behaviour text, seq bigint, ordinal int, at bigint, body text)
),
${nodesNamedIn("asked")},
going as materialized (
  select a.*, s.place as session_place, s.revision, s.message_count, s.receipt_count, s.last_digest,
    i.place as input_place, i.digest, i.delivery, clock_timestamp() as now
  from asked a
  join fence f on f.node_id = a."nodeId" and f.generation = a.generation and f.nonce = a.nonce
  cross join lateral (
    select s.ctid as place, s.revision, s.message_count, s.receipt_count, s.last_digest
    from {schema}.sessions s
    where s.session_id = a."sessionId" and s.owner_node is not distinct from f.node_id and s.owner_generation = f.generation
      and s.epoch = a.epoch and s.open_turn is null
      and a.seq = 1 + greatest(s.log_head, coalesce((
        select l.seq from {schema}.log l where l.session_id = s.session_id order by l.seq desc limit 1), 0))
    limit 1
    for update skip locked
  ) s
  cross join lateral (
    select i.ctid as place, i.digest, i.delivery
    from {schema}.inputs i
    where i.input_id = a."inputId" and i.session_id = a."sessionId" and i.state = 'queued'
    limit 1
    for update skip locked
  ) i
),
begun as (
  insert into {schema}.turns (turn_id, session_id, config_hash, behaviour, first_seq, begun_at)
  select g."turnId", g."sessionId", g."configHash", g.behaviour, g.seq, g.now from going g
),
staged as (
  update {schema}.inputs i
  set state = 'staged', turn_id = g."turnId"
  from going g
  where i.ctid = g.input_place
  returning 1
),
opened as (
  update {schema}.sessions s
  set open_turn = g."turnId", open_behaviour = g.behaviour, open_since = g.now,
    rest_state = case when s.runtime_state = 'running' then s.rest_state else s.runtime_state end,
    runtime_state = 'running'
  from going g
  where s.ctid = g.session_place
  returning 1
),
written as (
  insert into {schema}.log (session_id, seq, epoch, at, ordinal, version, turn_id, body)
  select g."sessionId", g.seq, g.epoch, g.at, g.ordinal, $2::smallint, g."turnId", g.body::json from going g
)
select g."sessionId" as session_id, g.revision, g.message_count, g.receipt_count, g.last_digest,
  json_build_array(json_build_object('input_id', g."inputId", 'digest', g.digest, 'delivery', g.delivery)) as inputs,
  1 / (case when n.going = (select count(*) from staged) and n.going = (select count(*) from opened) then 1 else 0 end)
    as complete,
  set_config('synchronous_commit', 'off', true) as unflushed
from going g, (select count(*) as going from going) n`,
);
