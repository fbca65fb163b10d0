import { statement } from "../connection/statement.ts";
import { tombstone } from "./tombstone.ts";

/** $1 session, whose rows are gone. */
export const finishErasure = statement(
  "finish_erasure",
  `
with gone as (
  delete from {schema}.sessions s where s.session_id = $1
),
revoked as (
  -- The hash of the id says as much.
  delete from {schema}.revoked_sessions r where r.session_id = $1
)
update {schema}.erased_sessions e
set complete = true
where e.session_hash = ${tombstone("session", "$1::text")}`,
);
