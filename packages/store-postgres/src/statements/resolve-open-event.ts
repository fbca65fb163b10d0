import { statement } from "../connection/statement.ts";
import { AWAIT_EVENT_COLUMNS } from "./await-event-columns.ts";

/**
 * The usual case of `resolve-await-event.ts`: a session's event that is open, never times out and is what the caller takes it for, so
 * that it need not be read before. $1 key, $2 resolution, $3 who, $4 token of this resolver, $5 channel of work, $6 channel of
 * resolutions, $7 the event's info as it is stored, or null, $8 the `type` of its info, or null. No row: nothing was written, and the
 * general statement says what is so.
 *
 * The session's line is locked first, as there, by the mark itself. What was resolved or revoked while this waited for that is not
 * updated: PostgreSQL looks at the conditions that can change again, in the row as it is then. Whoever was first has set the mark too. An
 * answer that was lost is recognised by its token.
 *
 * Whether the event is open is asked in words that fit no index, so that it is looked up by its key: the index of open events is as long as
 * there are any, and has in it what was settled since the last vacuum.
 */
export const resolveOpenEvent = statement(
  "resolve_open_event",
  `
with woken as (
  update {schema}.session_queue q
  set wake_at = least(q.wake_at, clock_timestamp())
  from {schema}.await_events e
  where e.key_id = $1 and q.session_id = e.session_id
    and (e.terminal is null) is true and not e.revoked and e.due_at is null
    and ($7::text is null or e.info::text = $7) and ($8::text is null or e.info ->> 'type' = $8)
    and not exists (select from {schema}.revoked_sessions r where r.session_id = e.session_id)
  returning q.session_id, q.held
),
written as (
  update {schema}.await_events e
  set terminal = $2::json, resolved_by = $3::json, resolve_token = $4, resolved_at = clock_timestamp()
  from woken w
  where e.key_id = $1 and (e.terminal is null) is true and not e.revoked
  returning e.*, w.held
)
select ${AWAIT_EVENT_COLUMNS}, case when not e.held then e.session_id end as woken, pg_notify($6, e.key_id) as hinted_event,
  case when not e.held then pg_notify($5, e.session_id) end as hinted_work
from written e
union all
select ${AWAIT_EVENT_COLUMNS}, null, null, null
from {schema}.await_events e
where e.key_id = $1 and e.resolve_token = $4 and not e.revoked`,
);
