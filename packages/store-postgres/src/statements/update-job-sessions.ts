import { statement } from "../connection/statement.ts";

/**
 * $1 JSON list of changes, one a session: members of the document or null, whether the expiry changes, and to what. Returns the ids of
 * those that are held under the epoch that is named. Their rows are locked in one order.
 */
export const updateJobSessions = statement(
  "update_job_sessions",
  `
with given as materialized (
  select * from json_to_recordset($1::json) as g (
    "sessionId" text, epoch bigint, document jsonb, "setsExpiry" boolean, "expiresAt" bigint)
),
held as materialized (
  select s.session_id, g.document, g."setsExpiry", g."expiresAt"
  from {schema}.job_sessions s
  join given g on g."sessionId" = s.session_id and g.epoch = s.epoch
  order by s.session_id
  for update of s
)
update {schema}.job_sessions s
set document = s.document || coalesce(h.document, '{}'),
  expires_at_ms = case when h."setsExpiry" then h."expiresAt" else s.expires_at_ms end
from held h
where s.session_id = h.session_id
returning s.session_id`,
);
