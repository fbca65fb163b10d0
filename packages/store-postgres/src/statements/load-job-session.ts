import { statement } from "../connection/statement.ts";
import { JOB_SESSION_COLUMNS } from "./job-columns.ts";

/** $1 session. */
export const loadJobSession = statement(
  "load_job_session",
  `select ${JOB_SESSION_COLUMNS} from {schema}.job_sessions s where s.session_id = $1`,
);
