import { statement } from "../connection/statement.ts";
import { JOB_COLUMNS, JOB_CONDITIONS, JOB_CONDITIONS_BACK } from "./job-columns.ts";

/** $1 null; the rest see `JOB_CONDITIONS`. In the order of creation, then of ids. */
export const listJobs = statement(
  "list_jobs",
  `
select ${JOB_COLUMNS}
from {schema}.jobs j
where $1::text[] is null and ${JOB_CONDITIONS}
order by j.created_at_ms, j.job_id
limit $10::bigint`,
);

/** As `listJobs`, the newest first. */
export const listNewestJobs = statement(
  "list_newest_jobs",
  `
select ${JOB_COLUMNS}
from {schema}.jobs j
where $1::text[] is null and ${JOB_CONDITIONS_BACK}
order by j.created_at_ms desc, j.job_id desc
limit $10::bigint`,
);
