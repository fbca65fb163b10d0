import { statement } from "../connection/statement.ts";

/** $1 node, $2 generation, $3 nonce, $4 whether the process holds its advisory lock and is known to be dead without it. */
export const watchNode = statement(
  "watch_node",
  `
update {schema}.node_heartbeats
set watched = $4::boolean
where node_id = $1 and generation = $2::bigint and nonce = $3 and watched <> $4::boolean`,
);
