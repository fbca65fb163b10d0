import { statement } from "../connection/statement.ts";
import { nodesNamedIn } from "./fence.ts";

/**
 * The usual case of `release-session.ts`, for several sessions at once that are left idle: $1 a JSON list of
 * `{ nodeId, generation, nonce, sessionId, epoch }`, a session at most once.
 *
 * Returns the sessions that were left: those that are held and have no open turn. The others are to be judged by the general statement.
 * So is everything when a line or a session was changed after the snapshot of this statement: its place is not seen, and the division by
 * zero undoes it all. Locks and places as in `end-turns.ts`. For wake marks see `release-session.ts`.
 */
export const leaveSessions = statement(
  "leave_sessions",
  `
with asked as materialized (
  select * from json_to_recordset($1::json) as a (
    "nodeId" text, generation bigint, nonce text, "sessionId" text, epoch bigint)
),
${nodesNamedIn("asked")},
leaving as materialized (
  select a."sessionId", q.place as line_place, s.place as session_place,
    case when q.place <> n.place then q.wake_at end as wake_at,
    least(i.due_at, case when q.positions <> n.positions then q.input_at end) as input_at
  from asked a
  join fence f on f.node_id = a."nodeId" and f.generation = a.generation and f.nonce = a.nonce
  cross join lateral (
    select q.ctid as place, q.positions from {schema}.session_queue q where q.session_id = a."sessionId" limit 1
  ) n
  cross join lateral (
    select q.ctid as place, q.positions, q.wake_at, q.input_at
    from {schema}.session_queue q
    where q.session_id = a."sessionId"
    limit 1
    for update skip locked
  ) q
  cross join lateral (
    select s.ctid as place
    from {schema}.sessions s
    where s.session_id = a."sessionId" and s.owner_node is not distinct from f.node_id and s.owner_generation = f.generation
      and s.epoch = a.epoch and s.open_turn is null
    limit 1
    for update skip locked
  ) s
  left join lateral (
    select i.due_at from {schema}.inputs i
    where i.session_id = a."sessionId" and i.state = 'queued'
    order by i.due_at
    limit 1
  ) i on true
),
freed as (
  update {schema}.sessions s
  set owner_node = null, owner_generation = null
  from leaving g
  where s.ctid = g.session_place
  returning 1
),
queued as (
  update {schema}.session_queue q
  set held = false, claim_token = null, behaviour = null, phase = 'none', phase_at = null, blocked_code = null,
    blocked_message = null, not_before = null, attempts = 0, claimed_head = null, wake_at = g.wake_at, input_at = g.input_at
  from leaving g
  where q.ctid = g.line_place
  returning q.session_id, q.ready_at
)
select g."sessionId" as session_id, coalesce(q.ready_at <= clock_timestamp(), false) as ready,
  1 / (case when n.leaving = (select count(*) from freed) and n.leaving = (select count(*) from queued) then 1 else 0 end)
    as complete
from leaving g
cross join (select count(*) as leaving from leaving) n
left join queued q on q.session_id = g."sessionId"`,
);
