import { statement } from "../connection/statement.ts";
import { OUTBOX_COLUMNS } from "./outbox-columns.ts";

/** $1 session or null, $2 dead, or not, or null for both, $3 at most this many. Oldest first. */
export const listOutbox = statement(
  "list_outbox",
  `
select ${OUTBOX_COLUMNS}
from {schema}.outbox o
where ($1::text is null or o.session_id = $1) and ($2::boolean is null or o.dead = $2::boolean)
order by o.created_at, o.position, o.place
limit $3::bigint`,
);
