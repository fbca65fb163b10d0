import { statement } from "../connection/statement.ts";

/** $1 node. Returns a row when no session carries an earlier generation of it any more. */
export const finishSweep = statement(
  "finish_sweep",
  `
update {schema}.nodes n
set unswept = false
where n.node_id = $1 and n.unswept and not exists (
  select from {schema}.sessions s where s.owner_node = n.node_id and s.owner_generation < n.generation)
returning n.node_id`,
);
