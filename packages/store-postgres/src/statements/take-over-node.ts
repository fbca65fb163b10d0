import { statement } from "../connection/statement.ts";
import { isDead } from "./node-liveness.ts";

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
    and ${isDead("h")}
  returning h.node_id, h.generation
)
update {schema}.nodes n
set generation = n.generation + 1, nonce = '', unswept = true
from dead d
where n.node_id = d.node_id and n.generation = d.generation
returning n.node_id`,
);
