import { decodedStatement } from "../connection/statement.ts";
import { INPUT_LEDGER_COLUMNS } from "./input-ledger-columns.ts";

/**
 * $1 session, whose line is locked, $2 input, $3 delivery, $4 state, $5 content, $6 digest, $7 idempotency key or null, $8 policy,
 * $9 outcome or null, $10 durability, $11 attempts, $12 recoveries, $13 history, $14 source or null, $15 turn or null, $16 last run
 * or null, $17 last boundary or null, $18 channel of work. An input that is there keeps its position.
 */
export const upsertInputState = decodedStatement(
  "upsert_input_state",
  `
with born as (
  insert into {schema}.sessions (session_id) values ($1) on conflict do nothing
),
line as (
  update {schema}.session_queue q
  set positions = q.positions + case when exists (select from {schema}.inputs i where i.input_id = $2) then 0 else 1 end,
    input_at = case when $4 = 'queued' then least(q.input_at, clock_timestamp()) else q.input_at end,
    wake_at = case when $4 = 'queued' and $3 = 'interrupt' then least(q.wake_at, clock_timestamp()) else q.wake_at end
  where q.session_id = $1
  returning q.positions
),
kept as (
  insert into {schema}.inputs as i (input_id, session_id, position, delivery, state, content, digest, idempotency_key, due_at,
    accepted_at, turn_id, last_run_id, last_boundary_sequence, policy, outcome, durability, attempts, recoveries, history, source)
  select $2, $1, l.positions, $3, $4, $5::json, $6, $7, t.now, t.now, $15, $16, $17::int, $8::json, $9::json, $10, $11::int,
    $12::int, $13::jsonb, $14::json
  from line l, (select clock_timestamp() as now) t
  on conflict (input_id) do update set delivery = excluded.delivery, state = excluded.state, content = excluded.content,
    digest = excluded.digest, idempotency_key = excluded.idempotency_key, turn_id = excluded.turn_id,
    last_run_id = excluded.last_run_id, last_boundary_sequence = excluded.last_boundary_sequence, policy = excluded.policy,
    outcome = excluded.outcome, durability = excluded.durability, attempts = excluded.attempts,
    recoveries = excluded.recoveries, history = excluded.history, source = excluded.source, updated_at = clock_timestamp()
  returning *
)
select ${INPUT_LEDGER_COLUMNS}, pg_notify($18, $1) as hinted from kept i`,
);
