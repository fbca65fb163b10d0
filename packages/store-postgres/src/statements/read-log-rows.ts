import { decodedStatement } from "../connection/statement.ts";

/**
 * $1 session, $2 after, $3 turn or null, $4 limit or null. Where a turn begins and ends is known, so that reading one turn
 * does not read the log of a long session. `turn_before`: the turn of the row before the first; not every row names its own, see
 * `turn-name.ts`.
 */
export const readLogRows = decodedStatement(
  "read_log_rows",
  `
select l.session_id, l.seq, l.turn_id, l.ordinal, l.at, l.version, l.body,
  coalesce($3::text, (
    select p.turn_id from {schema}.log p
    where p.session_id = $1 and p.seq <= $2::bigint and p.turn_id is not null
    order by p.seq desc limit 1)) as turn_before
from {schema}.log l
where l.session_id = $1 and l.seq > $2::bigint
  and l.seq >= case when $3::text is null then 0 else coalesce((
    select t.first_seq from {schema}.turns t where t.turn_id = $3::text and t.session_id = $1), 9223372036854775807) end
  and l.seq <= coalesce((
    select t.last_seq from {schema}.turns t where t.turn_id = $3::text and t.session_id = $1), 9223372036854775807)
  and ($3::text is null or l.turn_id is null or l.turn_id = $3::text)
order by l.seq
limit $4::bigint`,
);
