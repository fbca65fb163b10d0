import { statement } from "../connection/statement.ts";
import { JOB_SESSION_COLUMNS } from "./job-columns.ts";

/** $1 session, $2–$4 node lease of the holder, or nulls, $5 channel of changes. After a lost answer the epoch is raised once more, which fences nobody but us. */
export const claimJobSession = statement(
  "claim_job_session",
  `
update {schema}.job_sessions s
set epoch = s.epoch + 1, holder_node = $2, holder_generation = $3::bigint, holder_nonce = $4, holder_token = null
where s.session_id = $1
returning ${JOB_SESSION_COLUMNS}, pg_notify($5, 'claimed ' || s.session_id) as told`,
);
