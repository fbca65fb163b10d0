import { statement } from "../connection/statement.ts";
import { NODE_FENCE } from "./fence.ts";

/**
 * What `append-owned-process-events.ts` does, of one background task: $1–$3 node lease, $4 process, $5 epoch, $6 head, $7 record, $8 live, $9
 * events as JSON of `{ seq, at, body }`, $10 version, $11 key, $12 digest, $13 channel of changes or null, $14 what is said there. A
 * statement of its own, since the planner takes a list for a hundred and then reads the whole table.
 */
export const appendOwnProcessEvents = statement(
  "append_own_process_events",
  `
with ${NODE_FENCE},
moved as (
  update {schema}.processes p
  set head = p.head + json_array_length($9::json), record = $7::json, version = $10::smallint, live = $8, started = true
  from fence f
  where p.process_id = $4 and p.head = $6::bigint and p.epoch = $5::bigint
    and p.owner_node = f.node_id and p.owner_generation = f.generation
  returning p.process_id
),
logged as (
  insert into {schema}.process_events (process_id, seq, at, version, body)
  select m.process_id, e.seq, e.at, $10::smallint, e.body
  from moved m, json_to_recordset($9::json) as e(seq bigint, at bigint, body json)
),
kept as (
  insert into {schema}.process_keys (process_id, key, digest, first_seq, last_seq)
  select m.process_id, $11, $12, $6::bigint + 1, $6::bigint + json_array_length($9::json) from moved m
)
select m.process_id, case when $13::text is not null then pg_notify($13, $14) end as told
from moved m`,
);
