import { statement } from "../connection/statement.ts";

/** $1 node. */
export const loadNodeHeartbeat = statement(
  "load_node_heartbeat",
  `select h.generation, h.nonce from {schema}.node_heartbeats h where h.node_id = $1`,
);
