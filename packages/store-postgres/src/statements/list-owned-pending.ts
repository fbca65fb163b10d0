import { statement } from "../connection/statement.ts";
import { AWAIT_EVENT_COLUMNS } from "./await-event-columns.ts";

/** $1 and $2 bounds of the owner's session ids, $3 session or null, $4 at most so many. Oldest first. */
export const listOwnedPending = statement(
  "list_owned_pending",
  `
select ${AWAIT_EVENT_COLUMNS}
from {schema}.await_events e
where e.terminal is null and not e.revoked and e.session_id >= $1 and e.session_id < $2
  and ($3::text is null or e.session_id = $3)
  and not exists (select from {schema}.revoked_sessions r where r.session_id = e.session_id)
order by e.created_at, e.key_id
limit $4`,
);
