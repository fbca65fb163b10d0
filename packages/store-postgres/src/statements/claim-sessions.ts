import type { Row } from "../connection/database.ts";
import { decodedStatement } from "../connection/statement.ts";
import { isInputDecoded } from "../rows/plain-content.ts";
import { claimedLine } from "./claimed-line.ts";
import { DEAD_NODES } from "./dead-nodes.ts";
import { NODE_FENCE, NODE_GOES_ON } from "./fence.ts";

/**
 * Takes sessions that are ready, oldest need first, raises their epochs and clears their wake marks. $1–$3 node lease, $4 limit,
 * $5 behaviours, $6 token of this claim.
 *
 * At most 100 at once: the constant tells the planner that there are few, which `$4` does not.
 *
 * `next` is what a session without an open turn may begin: the oldest queued input that is due and names its turn, as `next_input`
 * finds it, and a cancel request that waits for that turn. Of a session that is not `stale` nobody but us can take it.
 *
 * `due_in_ms`: when the first session will be ready that is not yet. `dead`, `unswept`: see `dead-nodes.ts`.
 *
 * The commit is not waited for until it is on the disk. Whatever a holder does for good comes later in the write-ahead log than its
 * claim, so that the flush of the one is the flush of the other. Where a crash of the database undoes a claim nothing was done under
 * it, and the session is what it was: claimable. Its former holder is refused then, since it owns nothing any more.
 *
 * `head` is read in the snapshot of this statement; `stale` says that somebody held the session between the snapshot and our
 * lock, and then the head has to be read again.
 */
export const claimSessions = decodedStatement(
  "claim_sessions",
  `
with ${NODE_FENCE},
candidate as (
  select q.session_id, q.ready_at
  from {schema}.session_queue q
  where q.ready_at <= statement_timestamp()
    and (q.behaviour is null or q.behaviour = any($5::text[]))
    and exists (select from fence) and ${NODE_GOES_ON}
    and (select s.runtime_state from {schema}.sessions s where s.session_id = q.session_id)
      not in ('stopped', 'destroyed')
  order by q.ready_at
  limit $4::bigint
  for update of q skip locked
),
due as (
  select * from candidate limit 100
),
seen as (
  select s.session_id, s.epoch from due d join {schema}.sessions s on s.session_id = d.session_id
),
taken as (
  update {schema}.sessions s
  set owner_node = f.node_id, owner_generation = f.generation, epoch = s.epoch + 1
  from due d, fence f
  where s.session_id = d.session_id
  returning s.session_id, s.epoch, s.open_turn, s.log_head, s.revision, s.message_count, d.ready_at
),
headed as materialized (
  select t.session_id, t.epoch, t.open_turn, t.revision, t.message_count, t.ready_at, n.epoch + 1 <> t.epoch as stale,
    greatest(t.log_head, coalesce((
      select l.seq from {schema}.log l
      where l.session_id = t.session_id order by l.seq desc limit 1), 0)) as head
  from taken t
  join seen n on n.session_id = t.session_id
),
marked as (
  update {schema}.session_queue q
  set ${claimedLine("$6", "h")}
  from headed h
  where q.session_id = h.session_id
  returning q.session_id, q.attempts
)
select
  exists (select from fence) as held,
  (
    select coalesce(json_agg(json_build_object(
      'session_id', h.session_id, 'epoch', h.epoch, 'open_turn', h.open_turn, 'head', h.head, 'stale', h.stale,
      'attempts', m.attempts,
      'next', case when h.open_turn is null and not h.stale then (
        select json_build_object('input_id', i.input_id, 'session_id', i.session_id, 'position', i.position,
          'delivery', i.delivery, 'state', i.state, 'content', i.content, 'digest', i.digest,
          'idempotency_key', i.idempotency_key, 'not_before_ms', i.not_before_ms,
          'accepted_at_ms', (extract(epoch from i.accepted_at) * 1000)::bigint, 'turn_id', i.turn_id,
          'last_run_id', i.last_run_id, 'last_boundary_sequence', i.last_boundary_sequence,
          'revision', h.revision, 'message_count', h.message_count,
          'cancel', (select t.cancel from {schema}.turns t where t.turn_id = i.turn_id and t.outcome is null))
        from {schema}.inputs i
        where i.session_id = h.session_id and i.state = 'queued' and i.due_at <= clock_timestamp()
        order by i.position
        limit 1) end) order by h.ready_at, h.session_id), '[]')
    from headed h join marked m on m.session_id = h.session_id
  ) as claims,
  ${DEAD_NODES},
  (
    select ceil(extract(epoch from q.ready_at - clock_timestamp()) * 1000)::bigint
    from {schema}.session_queue q
    where q.ready_at > statement_timestamp()
    order by q.ready_at
    limit 1
  ) as due_in_ms,
  set_config('synchronous_commit', 'off', true) as unflushed`,
  (row) =>
    (row.claims as readonly { next: Row | null }[]).some(({ next }) => next !== null && isInputDecoded(next)),
);
