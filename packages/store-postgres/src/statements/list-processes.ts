import { statement } from "../connection/statement.ts";

/** $1 only live ones, $2 after this id or null, $3 at most this many. In order of ids. */
export const listProcesses = statement(
  "list_processes",
  `
select p.process_id, p.version, p.record
from {schema}.processes p
where (p.live or not $1::boolean) and p.process_id > coalesce($2::text, '')
order by p.process_id
limit $3::bigint`,
);
