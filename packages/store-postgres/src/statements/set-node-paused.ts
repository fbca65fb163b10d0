import { statement } from "../connection/statement.ts";

/**
 * $1 node, $2 paused or not, $3 channel for hints. One row when a living node has this name. Beside the lease and not in the node's row, for
 * whose lock this would wait behind every fenced transaction.
 */
export const setNodePaused = statement(
  "set_node_paused",
  `
update {schema}.node_heartbeats
set paused = $2::boolean
where node_id = $1 and expires_at > clock_timestamp()
returning node_id, case when not $2::boolean then pg_notify($3, '') end as hinted`,
);
