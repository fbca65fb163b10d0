import { statement } from "../connection/statement.ts";
import { JOB_COLUMNS } from "./job-columns.ts";

/**
 * $1 job, $2 session, $3 principal, $4 agent, $5 status, $6 live, $7 creation in ms, $8 idempotency key or null, $9 document, $10 digest of
 * what was asked for, $11 channel of changes, $12 epoch of its session or null. Returns the job, or what was there under its id or key,
 * or that the session is held by somebody else; nothing when somebody has just made that.
 */
export const createJob = statement(
  "create_job",
  `
with holder as materialized (
  select s.epoch from {schema}.job_sessions s
  where $12::bigint is not null and s.session_id = $2 and s.epoch = $12::bigint
  -- Whoever takes the session over waits for this job, and then sees it.
  for share of s
),
known as (
  select j.* from {schema}.jobs j where j.job_id = $1 or (j.principal = $3 and j.idempotency_key = $8)
),
made as (
  insert into {schema}.jobs (job_id, session_id, principal, agent, status, live, created_at_ms, idempotency_key, document,
    created_digest, ended_at)
  select $1, $2, $3, $4, $5, $6::boolean, $7::bigint, $8, $9::jsonb, $10,
    case when $6::boolean then null else clock_timestamp() end
  where not exists (select from known) and ($12::bigint is null or exists (select from holder))
  on conflict do nothing
  returning *
)
select ${JOB_COLUMNS}, pg_notify($11, j.job_id) as told, false as fenced from made j
union all
select ${JOB_COLUMNS}, null, false from known j
union all
select f.*, null, true from (select $12::bigint as asked where $12::bigint is not null and not exists (select from holder)) x
  left join (select ${JOB_COLUMNS} from known j) f on false`,
);
