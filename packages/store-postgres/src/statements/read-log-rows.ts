import { decodedStatement } from "../connection/statement.ts";

/**
 * $1 session, $2 after, $3 turn or null, $4 limit or null. Where a turn begins and ends is known, so that reading one turn
 * does not read the log of a long session.
 */
export const readLogRows = decodedStatement(
  "read_log_rows",
  `
select l.session_id, l.seq, l.turn_id, l.ordinal, l.at, l.version, l.body
from {schema}.log l
where l.session_id = $1 and l.seq > $2::bigint
  and l.seq >= coalesce((
    select t.first_seq from {schema}.turns t where t.turn_id = $3::text and t.session_id = $1), 0)
  and l.seq <= coalesce((
    select t.last_seq from {schema}.turns t where t.turn_id = $3::text and t.session_id = $1), 9223372036854775807)
  and ($3::text is null or l.turn_id = $3::text)
order by l.seq
limit $4::bigint`,
);
