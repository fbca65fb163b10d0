import { statement } from "../connection/statement.ts";

/** $1 session, $2 after this number, $3 at most this many, or null. */
export const readDeliveries = statement(
  "read_deliveries",
  `
select d.session_id, d.seq, d.job_id, d.job_seq, d.body, e.body as event
from {schema}.job_deliveries d
left join {schema}.job_events e on e.job_id = d.job_id and e.seq = d.job_seq
where d.session_id = $1 and d.seq > $2::bigint
order by d.seq
limit $3::bigint`,
);
