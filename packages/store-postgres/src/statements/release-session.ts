import { statement } from "../connection/statement.ts";
import { NODE_FENCE } from "./fence.ts";

/**
 * $1–$3 node lease, $4 session, $5 epoch, $6 type, $7 delay in ms, $8 due time in ms since the epoch, $9 code, $10 message,
 * $11 channel for the hint that its turn waits or is blocked: whoever waits for a result, in whatever process, has one by that.
 * A park is refused when the wake mark is set (D16): then it is
 * not `gone`. It is `gone` also when this holder had left before and nobody has claimed it since: an answer that was lost can be
 * asked for again. `ready`: there is something to do at once.
 *
 * A session that is left idle with no open turn waits for nothing: its wake mark goes, unless somebody changed the line since the
 * snapshot of this statement, who may have brought an input that the snapshot does not show.
 *
 * The earliest queued input is looked up in the snapshot of this statement. When an acceptor changed the line after that, the
 * line's own bound stays: at worst a claim finds nothing to do, and its release looks again.
 */
export const releaseSession = statement(
  "release_session",
  `
with ${NODE_FENCE},
seen as (
  select q.positions, q.ctid as place from {schema}.session_queue q where q.session_id = $4
),
line as (
  select q.session_id, q.positions, q.wake_at, q.input_at, q.ctid as place
  from {schema}.session_queue q where q.session_id = $4
  for update
),
holder as (
  select s.session_id, s.open_turn, s.open_since, s.open_behaviour, l.positions, l.wake_at, l.input_at, l.place
  from line l
  cross join fence f
  join {schema}.sessions s on s.session_id = l.session_id
    and s.owner_node = f.node_id and s.owner_generation = f.generation and s.epoch = $5::bigint
  for update of s
),
leaving as (
  select * from holder h
  where $6 <> 'park' or (h.open_turn is not null and (h.wake_at is null or h.wake_at > clock_timestamp()))
),
freed as (
  update {schema}.sessions s
  set owner_node = null, owner_generation = null
  from leaving g where s.session_id = g.session_id
),
queued as (
  update {schema}.session_queue q
  set held = false, claim_token = null, behaviour = g.open_behaviour,
    phase = case
      when $6 = 'blocked' then 'blocked'
      when g.open_turn is null then 'none'
      when $6 = 'park' then 'parked'
      else 'open' end,
    phase_at = case
      when $6 = 'park' then to_timestamp($8::double precision / 1000)
      else g.open_since end,
    blocked_code = case when $6 = 'blocked' then $9 end,
    blocked_message = case when $6 = 'blocked' then $10 end,
    not_before = case when $6 = 'retry' then clock_timestamp() + $7::double precision * interval '1 millisecond' end,
    attempts = case when $6 in ('idle', 'park') then 0 else q.attempts end,
    claimed_head = case when $6 = 'retry' then q.claimed_head end,
    wake_at = case
      when $6 = 'idle' and g.open_turn is null and g.place = (select place from seen) then null
      when $6 = 'park' then least(g.wake_at, (
        select min(i.due_at) from {schema}.inputs i
        where i.session_id = $4 and i.state = 'queued' and i.delivery = 'interrupt' and i.due_at > clock_timestamp()))
      else g.wake_at end,
    input_at = least(
      (select i.due_at from {schema}.inputs i
       where i.session_id = $4 and i.state = 'queued' order by i.due_at limit 1),
      case when g.positions <> (select positions from seen) then g.input_at end)
  from leaving g
  where q.session_id = g.session_id
  returning q.ready_at
)
select
  exists (select from holder) as held,
  (select h.open_turn is not null from holder h) as open,
  exists (select from queued) or exists (
    select from {schema}.sessions s, fence
    where s.session_id = $4 and s.epoch = $5::bigint and s.owner_node is null) as gone,
  exists (select from queued where ready_at <= clock_timestamp()) as ready,
  case when $6 in ('park', 'blocked') and exists (select from queued) then pg_notify($11, $4) end as hinted`,
);
