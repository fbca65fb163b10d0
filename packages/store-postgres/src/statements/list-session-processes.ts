import { statement } from "../connection/statement.ts";

/** $1 only live ones, $2 after this id or null, $3 at most this many, $4 session that sees them. In order of ids. */
export const listSessionProcesses = statement(
  "list_session_processes",
  `
select p.process_id, p.version, p.record
from {schema}.process_grants g
join {schema}.processes p on p.process_id = g.process_id
where g.session_id = $4 and g.process_id > coalesce($2::text, '') and (p.live or not $1::boolean)
order by g.process_id
limit $3::bigint`,
);
