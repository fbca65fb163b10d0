import { statement } from "../connection/statement.ts";

/**
 * $1 resolved before, in milliseconds, $2 at most so many. Answers that an open turn has still to read stay, and so do approvals: what
 * was decided, and its receipt, is kept with the session.
 */
export const pruneAwaitEvents = statement(
  "prune_await_events",
  `
delete from {schema}.await_events
where key_id in (
  select e.key_id from {schema}.await_events e
  where e.resolved_at < to_timestamp($1::double precision / 1000) and not e.revoked
    and (e.info ->> 'type') is distinct from 'approval'
    and not exists (select from {schema}.turns t where t.turn_id = e.turn_id and t.outcome is null)
  order by e.resolved_at
  limit $2
  for update skip locked)
returning key_id`,
);
