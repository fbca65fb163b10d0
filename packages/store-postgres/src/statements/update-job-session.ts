import { statement } from "../connection/statement.ts";

/** $1 session, $2 epoch, $3 members of the document or null, $4 whether the expiry changes, $5 expiry in ms or null. */
export const updateJobSession = statement(
  "update_job_session",
  `
update {schema}.job_sessions s
set document = s.document || coalesce($3::jsonb, '{}'),
  expires_at_ms = case when $4::boolean then $5::bigint else s.expires_at_ms end
where s.session_id = $1 and s.epoch = $2::bigint
returning s.session_id`,
);
