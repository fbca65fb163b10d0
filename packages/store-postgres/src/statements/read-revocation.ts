import { statement } from "../connection/statement.ts";
import { tombstone } from "./tombstone.ts";

/** $1 key, $2 session or null. Whether the event, or its session, was revoked. */
export const readRevocation = statement(
  "read_revocation",
  `
select exists (select from {schema}.await_events e where e.key_id = $1 and e.revoked)
  or exists (select from {schema}.revoked_sessions r where r.session_id = $2)
  or exists (select from {schema}.erased_sessions e where e.session_hash = ${tombstone("session", "$2::text")}) as revoked`,
);
