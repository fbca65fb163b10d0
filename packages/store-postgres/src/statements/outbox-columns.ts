/** What every statement on the outbox returns, of the alias `o`. */
export const OUTBOX_COLUMNS = `o.id, o.session_id, o.run_id, o.item, o.attempts, o.dead, o.failure,
  (extract(epoch from o.created_at) * 1000)::bigint as created_at_ms`;
