import { statement } from "../connection/statement.ts";
import { AWAIT_EVENT_COLUMNS } from "./await-event-columns.ts";

/**
 * $1 key, $2 session or null, $3 turn or null, $4 scope, $5 wait, $6 info, $7 due time in milliseconds or null. An event that is
 * there is returned as it is. No row: it was revoked, or its session was.
 */
export const registerAwaitEvent = statement(
  "register_await_event",
  `
with made as (
  insert into {schema}.await_events as e (key_id, session_id, turn_id, scope, wait, info, due_at)
  select $1, $2::text, $3, $4, $5, $6, to_timestamp($7::bigint / 1000.0)
  where not exists (select from {schema}.revoked_sessions r where r.session_id = $2)
  -- Changes nothing; it locks the row and returns it, also one that was written meanwhile.
  on conflict (key_id) do update set key_id = e.key_id
  returning e.*
)
select ${AWAIT_EVENT_COLUMNS} from made e where not e.revoked`,
);
