import { statement } from "../connection/statement.ts";

/** $1 session, $2 last number to go, $3 whether also what is not acknowledged. */
export const trimDeliveries = statement(
  "trim_deliveries",
  `
with trimmed as (
  update {schema}.job_sessions s
  set first_seq = 1 + least($2::bigint, s.head, case when $3::boolean then s.head else s.acked end)
  where s.session_id = $1
    and s.first_seq <= least($2::bigint, s.head, case when $3::boolean then s.head else s.acked end)
  returning s.session_id, s.first_seq
)
delete from {schema}.job_deliveries d
using trimmed t
where d.session_id = t.session_id and d.seq < t.first_seq`,
);
