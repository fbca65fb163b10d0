import { statement } from "../connection/statement.ts";

/** $1 at most so many. What is due next, first what is overdue; due times in milliseconds since the epoch. */
export const listDueAwaitEvents = statement(
  "list_due_await_events",
  `
select e.key_id, (extract(epoch from e.due_at) * 1000)::bigint as due_at_ms, e.due_at <= clock_timestamp() as overdue
from {schema}.await_events e
where e.terminal is null and e.due_at is not null and not e.revoked
  -- Events that were made while their session was being revoked: they must not stand in the way of the others.
  and not exists (select from {schema}.revoked_sessions r where r.session_id = e.session_id)
order by e.due_at
limit $1`,
);
