import { statement } from "../connection/statement.ts";
import { JOB_COLUMNS } from "./job-columns.ts";

/** $1 job. */
export const loadJob = statement(
  "load_job",
  `select ${JOB_COLUMNS} from {schema}.jobs j where j.job_id = $1`,
);
