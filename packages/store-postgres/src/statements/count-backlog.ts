import { statement } from "../connection/statement.ts";

/** Sessions that could be claimed now, counted up to 10 000, and since when the oldest of them could be. */
export const countBacklog = statement(
  "count_backlog",
  `
select count(*)::integer as ready,
  (extract(epoch from clock_timestamp() - min(q.ready_at)) * 1000)::bigint as oldest_age_ms
from (
  select ready_at from {schema}.session_queue where ready_at <= statement_timestamp() order by ready_at limit 10000
) q`,
);
