import { statement } from "../connection/statement.ts";

/**
 * $1 process, $2 key, $3–$5 node lease or nulls, $6 epoch. One row also for a process that is not there. `now` is the database's
 * time in milliseconds.
 */
export const readProcess = statement(
  "read_process",
  `
select p.process_id, p.head, p.version, p.record, k.digest, k.first_seq, k.last_seq,
  (extract(epoch from clock_timestamp()) * 1000)::bigint as now,
  coalesce(p.epoch = $6::bigint and p.owner_node = $3 and p.owner_generation = $4::bigint and exists (
    select from {schema}.nodes n
    join {schema}.node_heartbeats h on h.node_id = n.node_id and h.generation = n.generation
    where n.node_id = $3 and n.generation = $4::bigint and n.nonce = $5 and h.expires_at > clock_timestamp()
  ), false) as held
from (select) one
left join {schema}.processes p on p.process_id = $1
left join {schema}.process_keys k on k.process_id = p.process_id and k.key = $2`,
);
