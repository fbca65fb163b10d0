/** What every statement on the ledger of inputs returns, of the alias `i`. */
export const INPUT_LEDGER_COLUMNS = `i.input_id, i.session_id, i.position, i.delivery, i.state, i.content, i.idempotency_key, i.policy,
  i.outcome, i.durability, i.attempts, i.recoveries, i.history, i.source, i.turn_id, i.last_run_id, i.last_boundary_sequence,
  (extract(epoch from i.accepted_at) * 1000)::bigint as created_at_ms,
  (extract(epoch from coalesce(i.updated_at, i.accepted_at)) * 1000)::bigint as updated_at_ms`;
