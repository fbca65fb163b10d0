import { statement } from "../connection/statement.ts";
import { AWAIT_EVENT_COLUMNS } from "./await-event-columns.ts";

/** $1 key. No row: unknown, or revoked. */
export const loadAwaitEvent = statement(
  "load_await_event",
  `
select ${AWAIT_EVENT_COLUMNS}
from {schema}.await_events e
where e.key_id = $1 and not e.revoked
  and not exists (select from {schema}.revoked_sessions r where r.session_id = e.session_id)`,
);
