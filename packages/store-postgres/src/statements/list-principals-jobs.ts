import { statement } from "../connection/statement.ts";
import { JOB_COLUMNS, JOB_CONDITIONS } from "./job-columns.ts";

/**
 * $1 principals; the rest see `JOB_CONDITIONS`. Each principal's page is read from its own part of the index, so that the many jobs
 * of others cost nothing.
 */
export const listPrincipalsJobs = statement(
  "list_principals_jobs",
  `
select j.*
from (select distinct p.principal from unnest($1::text[]) as p (principal)) p
cross join lateral (
  select ${JOB_COLUMNS}
  from {schema}.jobs j
  where j.principal = p.principal and ${JOB_CONDITIONS}
  order by j.created_at_ms, j.job_id
  limit $10::bigint
) j
order by j.created_at_ms, j.job_id
limit $10::bigint`,
);
