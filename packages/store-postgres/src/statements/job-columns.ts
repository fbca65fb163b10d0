/** What every statement on jobs returns, of the alias `j`. */
export const JOB_COLUMNS = `j.job_id, j.session_id, j.principal, j.agent, j.status, j.live, j.created_at_ms,
  j.idempotency_key, j.document, j.created_digest, j.version, j.head, (extract(epoch from j.ended_at) * 1000)::bigint as ended_at_ms`;

/** What every statement on job sessions returns, of the alias `s`. */
export const JOB_SESSION_COLUMNS =
  "s.session_id, s.document, s.opened_digest, s.expires_at_ms, s.epoch, s.head, s.acked, s.first_seq";

const conditions = `($2::text[] is null or j.status = any($2::text[]))
    and ($3::text is null or j.session_id = $3)
    and ($4::boolean is null or j.live = $4::boolean)
    and ($5::text is null or j.agent = $5 or (strpos($5, '@') = 0 and starts_with(j.agent, $5 || '@')))
    and j.created_at_ms > coalesce($6::bigint, -1)
    and j.created_at_ms < coalesce($7::bigint, 9223372036854775807)`;

/**
 * Which jobs a listing is for: $2 statuses, $3 session, $4 live, $5 agent, $6 created after, $7 created before, each or null, then the
 * position after which it begins: $8 creation, $9 id. $10 limit.
 */
export const JOB_CONDITIONS = `${conditions}
    and (j.created_at_ms, j.job_id) > (coalesce($8::bigint, -1), coalesce($9::text, ''))`;

/** As `JOB_CONDITIONS`, for listings that go back. */
export const JOB_CONDITIONS_BACK = `${conditions}
    and ($8::bigint is null or (j.created_at_ms, j.job_id) < ($8::bigint, $9::text))`;
