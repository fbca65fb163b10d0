import { NODE_FENCE, NODE_GOES_ON } from "./fence.ts";
import { tombstone } from "./tombstone.ts";

/**
 * $1 session, $2 input, $3 content, $4 digest, $5 delivery, $6 idempotency key, $7 not before in ms since the epoch, $8 turn
 * that it will begin, $9 channel for hints. Where it is `claiming`, the node lease as $1–$3 and a token as $4 come before.
 *
 * Returns what was there under this key or id before (`known`), or the new input (`entered`), or nothing when somebody else
 * has just entered the same: then a repetition finds it. Nothing is written when the session takes no inputs. The line of
 * the session is locked before the position is given, so positions are in the order of commits.
 *
 * `within` a transaction of more than this; `early` and `claiming`: its own, whose commit is not waited for until it is on the disk (see
 * `input-flush.ts`).
 *
 * Where it is `claiming` and there is nothing else to do in the session, its line is entered as held and its head as owned. Whether it is so is
 * asked of the line under its lock; `epoch` is null when it was not. Nobody is told then. When the head of the session does not agree, or the
 * input is entered by somebody else, the division by zero undoes everything. `stale`: as in `claim-text.ts`.
 */
export function acceptText(kind: "within" | "early" | "claiming"): string {
  const text = KINDS[kind].join("\n");
  const before = kind === "claiming" ? 4 : 0;
  return text.replaceAll(/\$<(\d)>/g, (_, place: string) => `$${Number(place) + before}`);
}

const ENTRY = `
known as (
  select i.input_id from {schema}.inputs i
  where i.input_id = $<2> or (i.session_id = $<1> and i.idempotency_key = $<6>)
),
-- Ids of what was erased are used up.
buried as materialized (
  select exists (select from {schema}.erased_sessions e where e.session_hash = ${tombstone("session", "$<1>::text")}) as session,
    exists (select from {schema}.tombstones t where t.hash = ${tombstone("input", "$<2>::text")}) as input
),
entry as (
  select clock_timestamp() as now, greatest(clock_timestamp(), to_timestamp($<7>::double precision / 1000)) as due_at
  where not exists (select from known) and not exists (select from buried b where b.session or b.input) and not exists (
    select from {schema}.sessions s
    where s.session_id = $<1> and (s.runtime_state in ('retired', 'stopped', 'destroyed')
      or (s.runtime_state = 'running' and s.rest_state = 'retired')))
),`;

const LINE = `
line as (
  insert into {schema}.session_queue as q (session_id, positions, input_at, wake_at, used_at)
  -- An interrupt must reach a turn that is parked, or about to be (D16). A steer waits.
  select $<1>, 1, due_at, case when $<5> = 'interrupt' then due_at end, now from entry
  on conflict (session_id) do update set positions = q.positions + 1, used_at = excluded.used_at,
    input_at = least(q.input_at, excluded.input_at), wake_at = least(q.wake_at, excluded.wake_at)
  returning q.positions
),
born as (
  insert into {schema}.sessions (session_id, created_at)
  select $<1>, e.now from line, entry e
  on conflict do nothing
),`;

const IS_IDLE = `(excluded.held and not q.held and not q.paused and q.phase = 'none' and q.attempts = 0
      and q.claimed_head is null and q.input_at is null and q.wake_at is null
      and (q.not_before is null or q.not_before <= excluded.used_at))`;

const CLAIMED_LINE = `
taker as (
  select f.node_id, f.generation from fence f where ${NODE_GOES_ON}
),
stood as (
  select s.epoch, greatest(s.log_head, coalesce((
    select l.seq from {schema}.log l where l.session_id = $<1> order by l.seq desc limit 1), 0)) as head
  from {schema}.sessions s where s.session_id = $<1>
),
line as (
  insert into {schema}.session_queue as q (session_id, positions, input_at, used_at, held, claim_token, claimed_head)
  select $<1>, 1, e.due_at, e.now, t.node_id is not null, case when t.node_id is not null then $4 end,
    case when t.node_id is not null then coalesce(s.head, 0) end
  from entry e left join taker t on true left join stood s on true
  on conflict (session_id) do update set positions = q.positions + 1, used_at = excluded.used_at,
    input_at = least(q.input_at, excluded.input_at),
    held = q.held or ${IS_IDLE},
    claim_token = case when ${IS_IDLE} then excluded.claim_token else q.claim_token end,
    claimed_head = case when ${IS_IDLE} then excluded.claimed_head else q.claimed_head end,
    not_before = case when ${IS_IDLE} then null else q.not_before end
  returning q.positions, coalesce(q.claim_token = $4, false) as taken
),
-- Of a session that is not taken the head is left alone: its holder writes it.
born as (
  insert into {schema}.sessions as s (session_id, created_at, owner_node, owner_generation, epoch)
  select $<1>, e.now, t.node_id, t.generation, case when l.taken then 1 else 0 end
  from line l cross join entry e left join taker t on l.taken
  where l.taken or not exists (select from stood)
  on conflict (session_id) do update
    set owner_node = excluded.owner_node, owner_generation = excluded.owner_generation, epoch = s.epoch + 1
    where excluded.owner_node is not null and s.owner_node is null and s.open_turn is null
      and s.runtime_state not in ('retired', 'stopped', 'destroyed')
  returning s.epoch, s.log_head, s.revision, s.message_count
),`;

const ENTERED = `
entered as (
  insert into {schema}.inputs (input_id, session_id, position, delivery, state, content, digest, idempotency_key,
    not_before_ms, due_at, accepted_at, turn_id)
  select $<2>, $<1>, l.positions, $<5>, 'queued', $<3>::json, $<4>, $<6>, $<7>::bigint, e.due_at, e.now, $<8>
  from entry e, line l
  on conflict do nothing
  returning *
),
found as (
  select 'entered' as how, e.* from entered e
  union all
  select 'known' as how, i.* from {schema}.inputs i where i.input_id in (select input_id from known)
)`;

const TAKEN = `,
taken as (
  select b.epoch, b.revision, b.message_count, greatest(b.log_head, s.head, 0) as head, b.epoch <> coalesce(s.epoch, 0) + 1 as stale
  from line l cross join born b left join stood s on true
  where l.taken
)`;

const ANSWER = `
select f.how, f.input_id, f.session_id, f.position, f.delivery, f.state, f.content, f.digest,
  coalesce(f.given_digest, f.digest) as given_digest, f.idempotency_key,
  f.not_before_ms, (extract(epoch from f.accepted_at) * 1000)::bigint as accepted_at_ms, f.turn_id, f.last_run_id,
  f.last_boundary_sequence,
  (
    select case when s.runtime_state = 'running' and s.rest_state = 'retired' then s.rest_state else s.runtime_state end
    from {schema}.sessions s where s.session_id = $<1>
  ) as runtime_state,
  b.session as session_erased, b.input as input_erased,`;

const HINTED = `
  case when f.how = 'entered' then pg_notify($<9>, $<1>) end as hinted`;

const FROM = `
from buried b
left join found f on true`;

const UNFLUSHED = `,
  set_config('synchronous_commit', 'off', true) as unflushed`;

const TAKING = `
  t.epoch, t.revision, t.message_count, t.head, t.stale,
  case when f.how = 'entered' and t.epoch is null then pg_notify($<9>, $<1>) end as hinted,
  1 / (case when exists (select from line l where l.taken)
    and not (exists (select from taken) and exists (select from entered)) then 0 else 1 end) as complete`;

const KINDS = {
  within: ["with", ENTRY, LINE, ENTERED, ANSWER, HINTED, FROM],
  early: ["with", ENTRY, LINE, ENTERED, ANSWER, HINTED, UNFLUSHED, FROM],
  claiming: [
    `with ${NODE_FENCE},`,
    ENTRY,
    CLAIMED_LINE,
    ENTERED,
    TAKEN,
    ANSWER,
    TAKING,
    UNFLUSHED,
    FROM,
    "left join taken t on true",
  ],
} as const;
