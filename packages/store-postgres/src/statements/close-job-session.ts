import { statement } from "../connection/statement.ts";

/** $1 session, $2 epoch. */
export const closeJobSession = statement(
  "close_job_session",
  `
with closed as (
  delete from {schema}.job_sessions s where s.session_id = $1 and s.epoch = $2::bigint returning s.session_id
),
stream as (
  delete from {schema}.job_deliveries d using closed c where d.session_id = c.session_id
)
select session_id from closed`,
);
