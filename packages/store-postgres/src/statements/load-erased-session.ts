import { statement } from "../connection/statement.ts";
import { tombstone } from "./tombstone.ts";

/** $1 session. */
export const loadErasedSession = statement(
  "load_erased_session",
  `
select (extract(epoch from e.erased_at) * 1000)::bigint as erased_at_ms, e.chain, e.complete
from {schema}.erased_sessions e
where e.session_hash = ${tombstone("session", "$1::text")}`,
);
