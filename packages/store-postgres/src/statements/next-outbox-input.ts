import { statement } from "../connection/statement.ts";

/** When the next input is due, in milliseconds since the epoch; null when there is none. */
export const nextOutboxInput = statement(
  "next_outbox_input",
  `
select (extract(epoch from min(o.due_at)) * 1000)::bigint as due_at_ms
from {schema}.outbox o
where not o.dead and o.topic is null`,
);
