import { statement } from "../connection/statement.ts";
import { AWAIT_EVENT_COLUMNS } from "./await-event-columns.ts";
import { tombstone } from "./tombstone.ts";

/**
 * $1 key, $2 session or null, $3 turn or null, $4 scope, $5 wait, $6 info, $7 due time in milliseconds or null. An event that is
 * there is returned as it is, and nothing is written: waiters ask again and again. No row: it was revoked, or its session was.
 */
export const registerAwaitEvent = statement(
  "register_await_event",
  `
with known as materialized (
  select e.* from {schema}.await_events e where e.key_id = $1
),
made as (
  insert into {schema}.await_events as e (key_id, session_id, turn_id, scope, wait, info, due_at)
  select $1, $2::text, $3, $4::json, $5::json, $6::json, to_timestamp($7::double precision / 1000)
  where not exists (select from known)
    and not exists (select from {schema}.revoked_sessions r where r.session_id = $2)
    and not exists (select from {schema}.erased_sessions e where e.session_hash = ${tombstone("session", "$2::text")})
  -- Made by somebody else meanwhile: this changes nothing, and returns the row as it is.
  on conflict (key_id) do update set key_id = e.key_id
  returning e.*
),
answer as (
  select * from made union all select * from known
)
select ${AWAIT_EVENT_COLUMNS}
from answer e
where not e.revoked
  and not exists (select from {schema}.revoked_sessions r where r.session_id = e.session_id)`,
);
