import { statement } from "../connection/statement.ts";
import { OUTBOX_COLUMNS } from "./outbox-columns.ts";

/** $1 at most this many. Inputs that are due; they stay locked until the transaction ends. */
export const lockOutboxInputs = statement(
  "lock_outbox_inputs",
  `
select ${OUTBOX_COLUMNS}
from {schema}.outbox o
where not o.dead and o.topic is null and o.due_at <= clock_timestamp()
order by o.due_at, o.position, o.place
limit $1::bigint
for update skip locked`,
);
