import { statement } from "../connection/statement.ts";

/** $1 JSON list of sessions. Stores those that are new and returns their ids; what is said of the others, `open-job-session.ts` finds out. */
export const openJobSessions = statement(
  "open_job_sessions",
  `
insert into {schema}.job_sessions (session_id, document, opened_digest, expires_at_ms,
  holder_node, holder_generation, holder_nonce)
select g."sessionId", g.document, g.digest, g."expiresAt", g."nodeId", g.generation, g.nonce
from json_to_recordset($1::json) as g (
  "sessionId" text, document jsonb, digest text, "expiresAt" bigint, "nodeId" text, generation bigint, nonce text)
order by g."sessionId"
on conflict do nothing
returning session_id`,
);
