import { statement } from "../connection/statement.ts";
import { acceptable } from "./acceptable.ts";

/**
 * The usual case of `accept-input.ts`, and its parameters: an input that is new, for a session that takes inputs. Returns its position and
 * when it was accepted; nothing where it is not so, or somebody else has just entered the same: then the general statement says what there
 * is. Of the text of an input nothing comes back, since who sent it has it. The commit is not waited for until it is on the disk (see
 * `input-flush.ts`).
 */
export const acceptInputUsual = statement(
  "accept_input_usual",
  `
with entry as (
  select clock_timestamp() as now, greatest(clock_timestamp(), to_timestamp($7::double precision / 1000)) as due_at
  where ${acceptable("$1", "$2", "$6")}
),
line as (
  insert into {schema}.session_queue as q (session_id, positions, input_at, wake_at, used_at)
  -- An interrupt must reach a turn that is parked, or about to be (D16). A steer waits.
  select $1, 1, e.due_at, case when $5 = 'interrupt' then e.due_at end, e.now from entry e
  on conflict (session_id) do update set positions = q.positions + 1, used_at = excluded.used_at,
    input_at = least(q.input_at, excluded.input_at), wake_at = least(q.wake_at, excluded.wake_at)
  returning q.positions
),
born as (
  insert into {schema}.sessions (session_id, created_at)
  select $1, e.now from line l cross join entry e
  -- Whoever gave it its first place made it, in the same transaction.
  where l.positions = 1
  on conflict do nothing
)
insert into {schema}.inputs (input_id, session_id, position, delivery, state, content, digest, idempotency_key,
  not_before_ms, due_at, accepted_at, turn_id)
select $2, $1, l.positions, $5, 'queued', $3::json, $4, $6, $7::bigint, e.due_at, e.now, $8
from line l cross join entry e
on conflict do nothing
returning position, (extract(epoch from accepted_at) * 1000)::bigint as accepted_at_ms,
  pg_notify($9, $1) as hinted, set_config('synchronous_commit', 'off', true) as unflushed`,
);
