import { statement } from "../connection/statement.ts";

/**
 * $1 JSON list of jobs, $2 channel of changes. Stores those that are new and whose session, where an epoch is given, is held under it;
 * returns the ids of these. What is said of the others, `create-job.ts` finds out.
 */
export const createJobs = statement(
  "create_jobs",
  `
with given as materialized (
  select * from json_to_recordset($1::json) as g (
    "jobId" text, "sessionId" text, principal text, agent text, status text, "createdAt" bigint, "idempotencyKey" text,
    document jsonb, digest text, epoch bigint)
),
holder as materialized (
  select s.session_id, s.epoch from {schema}.job_sessions s
  where s.session_id in (select g."sessionId" from given g where g.epoch is not null)
  order by s.session_id
  -- Whoever takes a session over waits for these jobs, and then sees them.
  for share of s
),
made as (
  insert into {schema}.jobs (job_id, session_id, principal, agent, status, live, created_at_ms, idempotency_key, document, created_digest)
  select g."jobId", g."sessionId", g.principal, g.agent, g.status, true, g."createdAt", g."idempotencyKey", g.document, g.digest
  from given g
  where g.epoch is null or exists (select from holder h where h.session_id = g."sessionId" and h.epoch = g.epoch)
  order by g."jobId"
  on conflict do nothing
  returning job_id
)
select m.job_id, pg_notify($2, m.job_id) as told from made m`,
);
