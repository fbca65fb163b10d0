import { decodedStatement } from "../connection/statement.ts";
import { isInputDecoded } from "../rows/plain-content.ts";
import { claimedLine } from "./claimed-line.ts";
import { NODE_FENCE, NODE_GOES_ON } from "./fence.ts";

/**
 * As `claim-sessions.ts`, of one session: $1–$3 node lease, $4 behaviours, $5 token of this claim, $6 session. One row, or none where the
 * node's lease is over. `epoch` is null where the session cannot be claimed; `due_in_ms`: when it will be ready, if it is not. What it may
 * begin is in the columns of an input, and null where there is nothing.
 *
 * Of its own, so that its plan is a look-up by key, and so small: from an input to its turn this is what is waited for. Who is dead is not asked here.
 */
export const claimOneSession = decodedStatement(
  "claim_one_session",
  `
with ${NODE_FENCE},
candidate as (
  select q.session_id
  from {schema}.session_queue q
  where q.session_id = $6 and q.ready_at <= statement_timestamp()
    and (q.behaviour is null or q.behaviour = any($4::text[]))
    and exists (select from fence) and ${NODE_GOES_ON}
  for update of q skip locked
),
taken as (
  update {schema}.sessions s
  set owner_node = f.node_id, owner_generation = f.generation, epoch = s.epoch + 1
  from candidate c cross join fence f join {schema}.sessions seen on seen.session_id = $6
  where s.session_id = c.session_id and s.runtime_state not in ('stopped', 'destroyed')
  returning s.session_id, s.epoch, s.open_turn, s.revision, s.message_count, seen.epoch + 1 <> s.epoch as stale,
    greatest(s.log_head, coalesce((
      select l.seq from {schema}.log l where l.session_id = $6 order by l.seq desc limit 1), 0)) as head
),
marked as (
  update {schema}.session_queue q
  set ${claimedLine("$5", "t")}
  from taken t
  where q.session_id = t.session_id
  returning q.attempts, t.*
)
select $6 as session_id, m.epoch, m.open_turn, m.head, m.stale, m.attempts, m.revision, m.message_count,
  i.input_id, i.position, i.delivery, i.state, i.content, i.digest, i.idempotency_key, i.not_before_ms,
  (extract(epoch from i.accepted_at) * 1000)::bigint as accepted_at_ms, i.turn_id, i.last_run_id, i.last_boundary_sequence,
  (select t.cancel from {schema}.turns t where t.turn_id = i.turn_id and t.outcome is null) as cancel,
  case when m.epoch is null then (
    select ceil(extract(epoch from q.ready_at - clock_timestamp()) * 1000)::bigint
    from {schema}.session_queue q
    where q.session_id = $6 and q.ready_at > statement_timestamp()) end as due_in_ms,
  set_config('synchronous_commit', 'off', true) as unflushed
from fence f
left join marked m on true
left join lateral (
  select * from {schema}.inputs i
  where i.session_id = $6 and m.open_turn is null and not m.stale and i.state = 'queued' and i.due_at <= clock_timestamp()
  order by i.position
  limit 1
) i on true`,
  isInputDecoded,
);
