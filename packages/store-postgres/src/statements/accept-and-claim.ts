import { statement } from "../connection/statement.ts";
import { acceptable } from "./acceptable.ts";
import { NODE_FENCE, NODE_GOES_ON } from "./fence.ts";

/**
 * As `accept-input-usual.ts`, of an input that is due at once and the only thing to do in its session: it is entered, its session's line as held
 * and its head as owned. Nobody is told. $1–$3 node lease, $4 token of the claim, $5 session, $6 input, $7 content, $8 digest, $9 idempotency
 * key, $10 turn that it will begin.
 *
 * Whether it is the only thing is asked of the line under its lock. Where it is not, nothing is written and nothing returned; nor where the
 * input is not new, or the node does not go on. When the head of the session does not agree, or the input is entered by somebody
 * else, the division by zero undoes everything. `stale`: as in `claim-sessions.ts`.
 */
export const acceptAndClaim = statement(
  "accept_and_claim",
  `
with ${NODE_FENCE},
entry as (
  select clock_timestamp() as now, f.node_id, f.generation
  from fence f
  where ${NODE_GOES_ON} and ${acceptable("$5", "$6", "$9")}
),
stood as (
  select s.epoch, greatest(s.log_head, coalesce((
    select l.seq from {schema}.log l where l.session_id = $5 order by l.seq desc limit 1), 0)) as head
  from {schema}.sessions s where s.session_id = $5
),
line as (
  insert into {schema}.session_queue as q (session_id, positions, input_at, used_at, held, claim_token, claimed_head)
  select $5, 1, e.now, e.now, true, $4, coalesce(s.head, 0)
  from entry e left join stood s on true
  on conflict (session_id) do update set positions = q.positions + 1, used_at = excluded.used_at, input_at = excluded.input_at,
    held = true, claim_token = excluded.claim_token, claimed_head = excluded.claimed_head, not_before = null
  where not q.held and not q.paused and q.phase = 'none' and q.attempts = 0
    and q.claimed_head is null and q.input_at is null and q.wake_at is null
    and (q.not_before is null or q.not_before <= excluded.used_at)
  returning q.positions
),
born as (
  insert into {schema}.sessions as s (session_id, created_at, owner_node, owner_generation, epoch)
  select $5, e.now, e.node_id, e.generation, 1
  from line l cross join entry e
  on conflict (session_id) do update
    set owner_node = excluded.owner_node, owner_generation = excluded.owner_generation, epoch = s.epoch + 1
    where s.owner_node is null and s.open_turn is null and s.runtime_state not in ('retired', 'stopped', 'destroyed')
  returning s.epoch, s.log_head, s.revision, s.message_count
),
entered as (
  insert into {schema}.inputs (input_id, session_id, position, delivery, state, content, digest, idempotency_key,
    due_at, accepted_at, turn_id)
  select $6, $5, l.positions, 'next', 'queued', $7::json, $8, $9, e.now, e.now, $10
  from line l cross join entry e
  on conflict do nothing
  returning position, accepted_at
)
select i.position, (extract(epoch from i.accepted_at) * 1000)::bigint as accepted_at_ms,
  b.epoch, b.revision, b.message_count, greatest(b.log_head, s.head, 0) as head, b.epoch <> coalesce(s.epoch, 0) + 1 as stale,
  1 / (case when b.epoch is not null and i.position is not null then 1 else 0 end) as complete,
  set_config('synchronous_commit', 'off', true) as unflushed
from line l left join born b on true left join entered i on true left join stood s on true`,
);
