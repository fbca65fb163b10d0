import { statement } from "../connection/statement.ts";

/** $1 sessions, $2 after which row, $3 turns or nulls. `place` says of which of them there are further rows. */
export const findGrownLogs = statement(
  "find_grown_logs",
  `
select k.place
from unnest($1::text[], $2::bigint[], $3::text[]) with ordinality as k (session_id, after, turn_id, place)
where exists (
  select from {schema}.log l
  where l.session_id = k.session_id and l.seq > k.after
    and (k.turn_id is null or exists (
      select from {schema}.turns t
      where t.turn_id = k.turn_id and t.session_id = k.session_id
        and l.seq between t.first_seq and coalesce(t.last_seq, 9223372036854775807))))`,
);
