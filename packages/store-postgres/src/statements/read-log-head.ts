import { statement } from "../connection/statement.ts";

/** $1 session. */
export const readLogHead = statement(
  "read_log_head",
  `
select greatest(s.log_head, coalesce((
    select l.seq from {schema}.log l
    where l.session_id = s.session_id order by l.seq desc limit 1), 0)) as head
from {schema}.sessions s
where s.session_id = $1`,
);
