import { statement } from "../connection/statement.ts";
import { tombstone } from "./tombstone.ts";

/** $1 session, $2 input or null. Whether their ids are used up. */
export const checkTombstones = statement(
  "check_tombstones",
  `
select exists (select from {schema}.erased_sessions e where e.session_hash = ${tombstone("session", "$1::text")}) as session,
  exists (select from {schema}.tombstones t where t.hash = ${tombstone("input", "$2::text")}) as input`,
);
