import { statement } from "../connection/statement.ts";

/**
 * $1 node, $2 generation, $3 nonce. Ends the generation of a node whose lease is over or whose process is dead. The
 * heartbeat decides: its owner may have renewed it since somebody looked, and then nothing happens. The generation is raised
 * before anybody loads a log, and raising it waits for the fenced transactions that still run (D1).
 */
export const takeOverNode = statement(
  "take_over_node",
  `
with dead as (
  delete from {schema}.node_heartbeats h
  where h.node_id = $1 and h.generation = $2::bigint and h.nonce = $3
    and (
      h.expires_at <= clock_timestamp()
      or (
        h.watched
        -- After a restart of the database nobody holds a lock yet: for one lease's time only the leases count.
        and pg_postmaster_start_time() + h.ttl_ms * interval '1 millisecond' < clock_timestamp()
        and not exists (
          select from pg_locks l
          where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
            and ((l.classid::bigint << 32) | l.objid::bigint) = h.lock_key
            and l.database = (select d.oid from pg_database d where d.datname = current_database()))))
  returning h.node_id, h.generation
)
update {schema}.nodes n
set generation = n.generation + 1, nonce = '', unswept = true
from dead d
where n.node_id = d.node_id and n.generation = d.generation
returning n.node_id`,
);
