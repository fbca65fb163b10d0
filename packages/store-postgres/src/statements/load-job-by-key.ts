import { statement } from "../connection/statement.ts";
import { JOB_COLUMNS } from "./job-columns.ts";

/** $1 principal, $2 idempotency key. */
export const loadJobByKey = statement(
  "load_job_by_key",
  `select ${JOB_COLUMNS} from {schema}.jobs j where j.principal = $1 and j.idempotency_key = $2`,
);
