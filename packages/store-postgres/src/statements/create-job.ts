import { statement } from "../connection/statement.ts";
import { JOB_COLUMNS } from "./job-columns.ts";

/**
 * $1 job, $2 session, $3 principal, $4 agent, $5 status, $6 live, $7 creation in ms, $8 idempotency key or null, $9 document, $10 digest of
 * what was asked for, $11 channel of changes. Returns the job, or what was there under its id or key; nothing when somebody has just
 * made that.
 */
export const createJob = statement(
  "create_job",
  `
with known as (
  select j.* from {schema}.jobs j where j.job_id = $1 or (j.principal = $3 and j.idempotency_key = $8)
),
made as (
  insert into {schema}.jobs (job_id, session_id, principal, agent, status, live, created_at_ms, idempotency_key, document,
    created_digest, ended_at)
  select $1, $2, $3, $4, $5, $6::boolean, $7::bigint, $8, $9::jsonb, $10,
    case when $6::boolean then null else clock_timestamp() end
  where not exists (select from known)
  on conflict do nothing
  returning *
)
select ${JOB_COLUMNS}, pg_notify($11, j.job_id) as told from made j
union all
select ${JOB_COLUMNS}, null from known j`,
);
