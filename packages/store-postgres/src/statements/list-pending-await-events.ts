import { statement } from "../connection/statement.ts";
import { AWAIT_EVENT_COLUMNS } from "./await-event-columns.ts";

/** $1 session or null, $2 at most so many. Oldest first. */
export const listPendingAwaitEvents = statement(
  "list_pending_await_events",
  `
select ${AWAIT_EVENT_COLUMNS}
from {schema}.await_events e
where e.terminal is null and not e.revoked and ($1::text is null or e.session_id = $1)
  and not exists (select from {schema}.revoked_sessions r where r.session_id = e.session_id)
order by e.created_at, e.key_id
limit $2`,
);
