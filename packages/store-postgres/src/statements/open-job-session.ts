import { statement } from "../connection/statement.ts";
import { JOB_SESSION_COLUMNS } from "./job-columns.ts";

/**
 * $1 session, $2 document, $3 digest of what was asked for, $4 expiry in ms or null, $5–$7 node lease of the holder, or nulls. No row: somebody has
 * just made it.
 */
export const openJobSession = statement(
  "open_job_session",
  `
with made as (
  insert into {schema}.job_sessions (session_id, document, opened_digest, expires_at_ms,
    holder_node, holder_generation, holder_nonce)
  values ($1, $2::jsonb, $3, $4::bigint, $5, $6::bigint, $7)
  on conflict do nothing
  returning *
)
select ${JOB_SESSION_COLUMNS} from made s
union all
select ${JOB_SESSION_COLUMNS} from {schema}.job_sessions s where s.session_id = $1`,
);
