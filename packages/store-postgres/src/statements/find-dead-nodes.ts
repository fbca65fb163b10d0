import { statement } from "../connection/statement.ts";
import { DEAD_NODES } from "./dead-nodes.ts";

/** $1 the node that asks. One row: see `dead-nodes.ts`. */
export const findDeadNodes = statement("find_dead_nodes", `select ${DEAD_NODES}`);
