/** What every statement on await-events returns, of the alias `e`. */
export const AWAIT_EVENT_COLUMNS = `e.key_id, e.session_id, e.turn_id, e.scope, e.wait, e.info,
  (extract(epoch from e.due_at) * 1000)::bigint as due_at_ms, e.terminal, e.resolved_by,
  (extract(epoch from e.created_at) * 1000)::bigint as created_at_ms,
  (extract(epoch from e.resolved_at) * 1000)::bigint as resolved_at_ms`;
