import { statement } from "../connection/statement.ts";
import { NODE_FENCE, SESSION_HOLDER } from "./fence.ts";

/**
 * $1–$3 node lease, $4 session, $5 epoch, $6 turn, $7 inputs, then the row that holds their content: $8 seq, $9 ordinal, $10
 * at, $11 body, $12 version. Inputs and row are written together or not at all (D19); an input that is not queued any more
 * undoes it by the division by zero. `stored`: this very row was written by an earlier attempt.
 */
export const stageSteeringInputs = statement(
  "stage_steering_inputs",
  `
with ${NODE_FENCE},
${SESSION_HOLDER},
tail as (
  select greatest(h.log_head, coalesce((
    select l.seq from {schema}.log l where l.session_id = $4 order by l.seq desc limit 1), 0)) as head
  from holder h
),
going as (
  select h.session_id from holder h, tail t where h.open_turn = $6 and t.head + 1 = $8::bigint
),
staged as (
  update {schema}.inputs i
  set state = 'staged', turn_id = $6
  from going g
  where i.input_id = any($7::text[]) and i.session_id = g.session_id and i.state = 'queued'
  returning i.input_id
),
written as (
  insert into {schema}.log (session_id, seq, epoch, at, ordinal, version, turn_id, body)
  select g.session_id, $8::bigint, $5::bigint, $10::bigint, $9::int, $12::smallint, $6, $11::text::json from going g
  returning 1
)
select exists (select from holder) as held, (select h.open_turn from holder h) = $6 as open,
  (select t.head from tail t) as head, exists (select from written) as done,
  exists (
    select from {schema}.log l
    where l.session_id = $4 and l.seq = $8::bigint and l.epoch = $5::bigint and l.turn_id = $6
      and l.ordinal is not distinct from $9::int and l.at = $10::bigint and l.body::text = $11) as stored,
  1 / (case when not exists (select from going)
    or (select count(*) from staged) = cardinality($7::text[]) then 1 else 0 end) as complete`,
);
