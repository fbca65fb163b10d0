import { statement } from "../connection/statement.ts";

/** $1 ended (or resumable until) before, in milliseconds, $2 at most so many jobs, and so many sessions. */
export const pruneJobs = statement(
  "prune_jobs",
  `
with old as (
  select j.job_id from {schema}.jobs j
  where j.ended_at < to_timestamp($1::double precision / 1000)
  order by j.ended_at
  limit $2::bigint
  for update skip locked
),
events as (
  delete from {schema}.job_events e using old o where e.job_id = o.job_id
),
gone as (
  delete from {schema}.jobs j using old o where j.job_id = o.job_id returning j.job_id
),
over as (
  select s.session_id from {schema}.job_sessions s
  where s.expires_at_ms < $1::bigint
    and not exists (select from {schema}.jobs j where j.session_id = s.session_id and j.live)
  order by s.expires_at_ms
  limit $2::bigint
  for update skip locked
),
streams as (
  delete from {schema}.job_deliveries d using over o where d.session_id = o.session_id
),
closed as (
  delete from {schema}.job_sessions s using over o where s.session_id = o.session_id
)
select job_id from gone`,
);
