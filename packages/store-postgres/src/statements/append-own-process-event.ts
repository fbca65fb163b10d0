import { statement } from "../connection/statement.ts";
import { NODE_FENCE } from "./fence.ts";

/**
 * What `append-owned-process-events.ts` does, of one event of one background task: $1–$3 node lease, $4 process, $5 epoch, $6 head, $7
 * record, $8 live, $9 number of the event, $10 its time, $11 its body, $12 version, $13 key, $14 digest, $15 channel of changes or null, $16
 * what is said there if it is watched. A statement of its own, since the planner takes a list for a hundred and then reads the whole table.
 */
export const appendOwnProcessEvent = statement(
  "append_own_process_event",
  `
with ${NODE_FENCE},
moved as (
  update {schema}.processes p
  set head = $9::bigint, record = $7::json, version = $12::smallint, live = $8, started = true
  from fence f
  where p.process_id = $4 and p.head = $6::bigint and p.epoch = $5::bigint
    and p.owner_node = f.node_id and p.owner_generation = f.generation
  returning p.process_id, case when $15::text is not null and p.watched then pg_notify($15, $16) end
),
kept as (
  insert into {schema}.process_keys (process_id, key, digest, first_seq, last_seq)
  select m.process_id, $13, $14, $9::bigint, $9::bigint from moved m
)
insert into {schema}.process_events (process_id, seq, at, version, body)
select m.process_id, $9::bigint, $10::bigint, $12::smallint, $11::json from moved m`,
);
