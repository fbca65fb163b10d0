import { statement } from "../connection/statement.ts";

/** Each table is looked through once; inputs only where they are queued. `of` chooses among them. */
function counting(of: (table: string) => string): string {
  return `
select s.sessions, s.running, s.parked, s.blocked, i.queued, i.oldest_due_ms
from (
  select count(*)::bigint as sessions,
    count(*) filter (where s.open_turn is not null and q.phase not in ('parked', 'blocked'))::bigint as running,
    count(*) filter (where q.phase = 'parked')::bigint as parked,
    count(*) filter (where q.phase = 'blocked')::bigint as blocked
  from {schema}.sessions s join {schema}.session_queue q on q.session_id = s.session_id
  where ${of("s")} and ${of("q")}
) s, (
  select count(*)::bigint as queued,
    coalesce((extract(epoch from clock_timestamp() - min(i.due_at)) * 1000)::bigint, 0) as oldest_due_ms
  from {schema}.inputs i where i.state = 'queued' and ${of("i")}
) i`;
}

export const countSessions = statement(
  "count_sessions",
  counting(() => "true"),
);

/** $1 and $2 bounds of the owner's ids. */
export const countOwnedSessions = statement(
  "count_owned_sessions",
  counting((table) => `${table}.session_id >= $1 and ${table}.session_id < $2`),
);
