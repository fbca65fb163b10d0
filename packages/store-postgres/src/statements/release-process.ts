import { statement } from "../connection/statement.ts";
import { NODE_FENCE } from "./fence.ts";

/**
 * $1–$3 node lease, $4 process, $5 epoch, $6 delay in ms, $7 channel of changes, $8 what is said there. A row also when this holder had left before and
 * nobody has claimed it since: an answer that was lost can be asked for again.
 */
export const releaseProcess = statement(
  "release_process",
  `
with ${NODE_FENCE},
freed as (
  update {schema}.processes p
  set owner_node = null, owner_generation = null, claim_token = null,
    not_before = clock_timestamp() + $6::double precision * interval '1 millisecond'
  from fence f
  where p.process_id = $4 and p.epoch = $5::bigint and p.owner_node = f.node_id and p.owner_generation = f.generation
  returning p.process_id
),
gone as (
  select p.process_id from {schema}.processes p, fence
  where p.process_id = $4 and p.epoch = $5::bigint and p.owner_node is null
)
select process_id, pg_notify($7, $8) as told from freed
union all
select process_id, null from gone`,
);
