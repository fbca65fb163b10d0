import { statement } from "../connection/statement.ts";

/** $1 node, $2 generation, $3 nonce. Ends the generation; returns a row if it was still this one. */
export const closeNode = statement(
  "close_node",
  `
with heartbeat as (
  delete from {schema}.node_heartbeats
  where node_id = $1 and generation = $2::bigint and nonce = $3
)
update {schema}.nodes
set generation = generation + 1, nonce = '', unswept = true
where node_id = $1 and generation = $2::bigint and nonce = $3
returning node_id`,
);
