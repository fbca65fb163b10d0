import { statement } from "../connection/statement.ts";

/** $1 process, $2 after this number, $3 at most this many, or null. */
export const readProcessEvents = statement(
  "read_process_events",
  `
select e.process_id, e.seq, e.at, e.version, e.body
from {schema}.process_events e
where e.process_id = $1 and e.seq > $2::bigint
order by e.seq
limit $3::bigint`,
);
