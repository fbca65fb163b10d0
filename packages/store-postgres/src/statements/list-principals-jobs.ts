import { statement } from "../connection/statement.ts";
import { JOB_COLUMNS, JOB_CONDITIONS, JOB_CONDITIONS_BACK } from "./job-columns.ts";

/**
 * $1 principals; the rest see `JOB_CONDITIONS`. Each principal's page is read from its own part of the index, so that the many jobs
 * of others cost nothing.
 */
export const listPrincipalsJobs = statement("list_principals_jobs", listText(JOB_CONDITIONS, ""));

/** As `listPrincipalsJobs`, the newest first. */
export const listPrincipalsNewestJobs = statement(
  "list_principals_newest_jobs",
  listText(JOB_CONDITIONS_BACK, "desc"),
);

function listText(conditions: string, order: "" | "desc"): string {
  return `
select j.*
from (select distinct p.principal from unnest($1::text[]) as p (principal)) p
cross join lateral (
  select ${JOB_COLUMNS}
  from {schema}.jobs j
  where j.principal = p.principal and ${conditions}
  order by j.created_at_ms ${order}, j.job_id ${order}
  limit $10::bigint
) j
order by j.created_at_ms ${order}, j.job_id ${order}
limit $10::bigint`;
}
