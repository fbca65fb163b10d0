import { statement } from "../connection/statement.ts";
import { acceptable } from "./acceptable.ts";
import { nodesNamedIn } from "./fence.ts";

/**
 * As `accept-and-claim.ts`, for several at once: $1 a JSON list of `{ nodeId, generation, nonce, token, sessionId, inputId, content, digest,
 * idempotencyKey, turnId }`, a session at most once.
 *
 * Returns the sessions whose input was entered and which are claimed. Of the others nothing is written; they are to be accepted as any. So
 * is everything when any of it fails.
 *
 * Whoever holds a line holds up its own session only: what is locked is passed over. A line that somebody is making cannot be passed over, and
 * is not waited for long. They are entered in the order of their names, so that two of these do not wait for each other.
 */
export const acceptAndClaimSeveral = statement(
  "accept_and_claim_several",
  `
with asked as materialized (
  select a.*, set_config('lock_timeout', '50ms', true) as patience
  from json_to_recordset($1::json) as a (
    "nodeId" text, generation bigint, nonce text, token text, "sessionId" text, "inputId" text, content json, digest text,
    "idempotencyKey" text, "turnId" text)
),
${nodesNamedIn("asked")},
entry as materialized (
  select a.*, clock_timestamp() as now, s.epoch as stood, s.head
  from asked a
  join fence f on f.node_id = a."nodeId" and f.generation = a.generation and f.nonce = a.nonce
  left join lateral (
    select 1 as one from {schema}.session_queue q where q.session_id = a."sessionId" limit 1
  ) line on true
  left join lateral (
    select 1 as one from {schema}.session_queue q where q.session_id = a."sessionId" limit 1 for update skip locked
  ) locked on true
  left join lateral (
    select s.epoch, greatest(s.log_head, coalesce((
      select l.seq from {schema}.log l where l.session_id = s.session_id order by l.seq desc limit 1), 0)) as head
    from {schema}.sessions s
    where s.session_id = a."sessionId"
    limit 1
  ) s on true
  where (line.one is null or locked.one is not null)
    and not exists (select from {schema}.node_heartbeats h where h.node_id = a."nodeId" and h.paused)
    and ${acceptable('a."sessionId"', 'a."inputId"', 'a."idempotencyKey"')}
  order by a."sessionId"
),
line as (
  insert into {schema}.session_queue as q (session_id, positions, input_at, used_at, held, claim_token, claimed_head)
  select e."sessionId", 1, e.now, e.now, true, e.token, coalesce(e.head, 0)
  from entry e
  on conflict (session_id) do update set positions = q.positions + 1, used_at = excluded.used_at, input_at = excluded.input_at,
    held = true, claim_token = excluded.claim_token, claimed_head = excluded.claimed_head, not_before = null
  where not q.held and not q.paused and q.phase = 'none' and q.attempts = 0
    and q.claimed_head is null and q.input_at is null and q.wake_at is null
    and (q.not_before is null or q.not_before <= excluded.used_at)
  returning q.session_id, q.positions
),
born as (
  insert into {schema}.sessions as s (session_id, created_at, owner_node, owner_generation, epoch)
  select e."sessionId", e.now, e."nodeId", e.generation, 1
  from line l join entry e on e."sessionId" = l.session_id
  on conflict (session_id) do update
    set owner_node = excluded.owner_node, owner_generation = excluded.owner_generation, epoch = s.epoch + 1
    where s.owner_node is null and s.open_turn is null and s.runtime_state not in ('retired', 'stopped', 'destroyed')
  returning s.session_id, s.epoch, s.log_head, s.revision, s.message_count
),
entered as (
  insert into {schema}.inputs (input_id, session_id, position, delivery, state, content, digest, idempotency_key,
    due_at, accepted_at, turn_id)
  select e."inputId", e."sessionId", l.positions, 'next', 'queued', e.content, e.digest, e."idempotencyKey", e.now, e.now, e."turnId"
  from line l join entry e on e."sessionId" = l.session_id
  on conflict do nothing
  returning session_id, position, accepted_at
)
select l.session_id, i.position, (extract(epoch from i.accepted_at) * 1000)::bigint as accepted_at_ms,
  b.epoch, b.revision, b.message_count, greatest(b.log_head, e.head, 0) as head, b.epoch <> coalesce(e.stood, 0) + 1 as stale,
  1 / (case when b.epoch is not null and i.position is not null then 1 else 0 end) as complete,
  set_config('synchronous_commit', 'off', true) as unflushed
from line l
join entry e on e."sessionId" = l.session_id
left join born b on b.session_id = l.session_id
left join entered i on i.session_id = l.session_id`,
);
