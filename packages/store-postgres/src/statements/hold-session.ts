import { statement } from "../connection/statement.ts";
import { NODE_FENCE } from "./fence.ts";

/** $1–$3 node lease, $4 session, $5 epoch. A row if the fence holds; then it does until the transaction ends (D1). */
export const holdSession = statement(
  "hold_session",
  `
with ${NODE_FENCE}
select s.session_id
from fence f
join {schema}.sessions s on s.session_id = $4
  and s.owner_node = f.node_id and s.owner_generation = f.generation and s.epoch = $5::bigint
for update of s`,
);
