import { statement } from "../connection/statement.ts";
import { nodesNamedIn } from "./fence.ts";
import { isSteered } from "./is-steered.ts";
import { turnName } from "./turn-name.ts";

/**
 * The usual case of `commit-boundary.ts`, for several turns at once: $1 a JSON list, a session at most once, of
 * `{ nodeId, generation, nonce, sessionId, epoch, turnId, receipts, revision, lastDigest, sequence, receipt, digest, usage, outcome,
 * cancelled, said, messages, inputId, inputDigest, first, before, seq, ordinal, at, body }`. $2 version of the rows, $3 channel for hints.
 *
 * `messages` are the rows of what was said, `{ position, body }`; `said` counts what is in them. `before` are rows of the log that come right
 * before the last one, `{ first, seq, ordinal, at, body }`, and `first` is the number of the first of all.
 *
 * Returns the sessions whose turns are committed: those that are held, whose head and log are what is named, whose turn has no
 * cancel request that it does not know of (D18), no other input (D19) and no open wait, and which, where there are rows before, no input
 * wants to steer. Of the others nothing is written; they are
 * to be judged by the general statement. So is everything when any of it fails.
 *
 * Whoever holds a row of one of them holds up that one only: what is locked is passed over. Each row is found by itself and
 * changed where it stands, so that a plan made while the tables were small stays good.
 */
export const endTurns = statement(
  "end_turns",
  `
with asked as materialized (
  select * from json_to_recordset($1::json) as a (
    "nodeId" text, generation bigint, nonce text, "sessionId" text, epoch bigint, "turnId" text, receipts bigint, revision bigint,
    "lastDigest" text, sequence int, receipt json, digest text, usage json, outcome json, cancelled boolean, said int,
    messages json, "inputId" text, "inputDigest" text, first bigint, before json, seq bigint, ordinal int, at bigint, body text)
),
${nodesNamedIn("asked")},
going as materialized (
  select a.*, s.place as session_place, t.place as turn_place, i.place as input_place
  from asked a
  join fence f on f.node_id = a."nodeId" and f.generation = a.generation and f.nonce = a.nonce
  cross join lateral (
    select s.ctid as place
    from {schema}.sessions s
    where s.session_id = a."sessionId" and s.owner_node is not distinct from f.node_id and s.owner_generation = f.generation
      and s.epoch = a.epoch and s.receipt_count = a.receipts and s.revision = a.revision
      and s.last_digest is not distinct from a."lastDigest" and s.open_turn = a."turnId"
      and a.first = 1 + greatest(s.log_head, coalesce((
        select l.seq from {schema}.log l where l.session_id = s.session_id order by l.seq desc limit 1), 0))
    limit 1
    for update skip locked
  ) s
  cross join lateral (
    select t.ctid as place
    from {schema}.turns t
    where t.turn_id = a."turnId" and t.session_id = a."sessionId" and t.outcome is null and (t.cancel is null or a.cancelled)
    limit 1
    for update skip locked
  ) t
  cross join lateral (
    select i.ctid as place
    from {schema}.inputs i
    where i.input_id = a."inputId" and i.session_id = a."sessionId" and i.turn_id = a."turnId" and i.state = 'staged'
      and i.digest = a."inputDigest"
    limit 1
    for update skip locked
  ) i
  where (
      select count(*) from {schema}.inputs o
      where o.turn_id = a."turnId" and o.session_id = a."sessionId" and o.state = 'staged') = 1
    and (
      select count(*) from {schema}.await_events e
      where e.session_id = a."sessionId" and e.turn_id = a."turnId" and e.terminal is null and not e.revoked) = 0
    and not (a.first < a.seq and ${isSteered('a."sessionId"')})
),
sealed as (
  update {schema}.turns t
  set outcome = g.outcome, end_sequence = g.sequence, last_seq = g.seq, ended_at = clock_timestamp()
  from going g
  where t.ctid = g.turn_place
  returning 1
),
consumed as (
  update {schema}.inputs i
  set state = 'consumed', last_run_id = g."turnId", last_boundary_sequence = g.sequence
  from going g
  where i.ctid = g.input_place
  returning 1
),
advanced as (
  update {schema}.sessions s
  set receipt_count = s.receipt_count + 1, last_digest = g.digest, revision = s.revision + 1,
    message_count = s.message_count + g.said, log_head = g.seq,
    open_turn = null, open_behaviour = null, open_since = null,
    runtime_state = case when s.runtime_state = 'running' then s.rest_state else s.runtime_state end
  from going g
  where s.ctid = g.session_place
  returning 1
),
said as (
  insert into {schema}.messages (session_id, position, run_id, body)
  select g."sessionId", m.position, g."turnId", m.body
  from going g, json_to_recordset(g.messages) as m (position bigint, body json)
),
minted as (
  insert into {schema}.receipts (session_id, run_id, sequence, position, receipt, usage)
  select g."sessionId", g."turnId", g.sequence, g.receipts, g.receipt, g.usage from going g
),
written as (
  insert into {schema}.log (session_id, seq, epoch, at, ordinal, version, turn_id, body)
  select g."sessionId", g.seq, g.epoch, g.at, g.ordinal, $2::smallint, g."turnId", g.body::json from going g
),
written_before as (
  insert into {schema}.log (session_id, seq, epoch, at, ordinal, version, turn_id, body)
  select g."sessionId", b.seq, g.epoch, b.at, b.ordinal, $2::smallint, ${turnName("b.seq", "b.first", 'g."turnId"')}, b.body::json
  from going g, json_to_recordset(g.before) as b (first bigint, seq bigint, ordinal int, at bigint, body text)
)
select g."sessionId" as session_id, pg_notify($3, g."sessionId") as hinted,
  1 / (case when n.going = (select count(*) from sealed) and n.going = (select count(*) from consumed)
    and n.going = (select count(*) from advanced) then 1 else 0 end) as complete
from going g, (select count(*) as going from going) n`,
);
