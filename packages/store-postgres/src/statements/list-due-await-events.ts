import { statement } from "../connection/statement.ts";

/** $1 at most so many. What is overdue, longest first, and the time of what is due next, as milliseconds from now. */
export const listDueAwaitEvents = statement(
  "list_due_await_events",
  `
select e.key_id, (extract(epoch from e.due_at) * 1000)::bigint as due_at_ms, e.due_at <= clock_timestamp() as overdue
from {schema}.await_events e
where e.terminal is null and e.due_at is not null and not e.revoked
order by e.due_at
limit $1`,
);
