import { statement } from "../connection/statement.ts";

/**
 * Frees sessions that earlier generations of a node held. $1 node, $2 whether it left in good order (a deploy is no failure of
 * what was running, D17), $3 at most this many. Sessions whose line is locked (by a caller's open transaction) are left
 * for the next sweep. For `input_at` see `release-session.ts`.
 */
export const sweepNode = statement(
  "sweep_node",
  `
with orphan as (
  select q.session_id, q.positions, s.owner_node, s.owner_generation
  from {schema}.nodes n
  join {schema}.sessions s on s.owner_node = n.node_id and s.owner_generation < n.generation
  join {schema}.session_queue q on q.session_id = s.session_id
  where n.node_id = $1
  limit $3
  for update of q skip locked
),
seen as (
  select q.session_id, q.positions from orphan o join {schema}.session_queue q on q.session_id = o.session_id
),
freed as (
  update {schema}.sessions s
  set owner_node = null, owner_generation = null
  from orphan o
  where s.session_id = o.session_id and s.owner_node = o.owner_node and s.owner_generation = o.owner_generation
  returning s.session_id, s.open_turn, s.open_since, s.open_behaviour, o.positions
),
queued as (
  update {schema}.session_queue q
  set held = false, claim_token = null, behaviour = f.open_behaviour,
    phase = case when f.open_turn is null then 'none' else 'open' end,
    phase_at = f.open_since,
    input_at = least(
      (select i.due_at from {schema}.inputs i
       where i.session_id = f.session_id and i.state = 'queued' order by i.due_at limit 1),
      case when f.positions <> (select n.positions from seen n where n.session_id = f.session_id) then q.input_at end),
    claimed_head = case when $2::boolean then null else q.claimed_head end
  from freed f
  where q.session_id = f.session_id
  returning 1
)
select count(*) as freed from queued`,
);
