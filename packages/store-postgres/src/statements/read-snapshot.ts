import { decodedStatement } from "../connection/statement.ts";

/** $1 session. At least one row for a session that is there; all of one moment, so that a commit is in it wholly or not at all. */
export const readSnapshot = decodedStatement(
  "read_snapshot",
  `
select s.revision, m.position, m.run_id, m.body
from {schema}.sessions s
left join {schema}.messages m on m.session_id = s.session_id
where s.session_id = $1
order by m.position`,
);
