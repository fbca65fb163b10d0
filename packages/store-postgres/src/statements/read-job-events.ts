import { statement } from "../connection/statement.ts";

/** $1 job, $2 after this number, $3 at most this many, or null. */
export const readJobEvents = statement(
  "read_job_events",
  `
select e.job_id, e.seq, e.body
from {schema}.job_events e
where e.job_id = $1 and e.seq > $2::bigint
order by e.seq
limit $3::bigint`,
);
