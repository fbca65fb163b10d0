import { statement } from "../connection/statement.ts";

/**
 * $1 keys of await-events, $2 the token of the resolver of each. Returns those that are resolved so, and makes all that was committed before
 * durable, as `settle-inputs.ts` does.
 */
export const settleAnswers = statement(
  "settle_answers",
  `
select e.key_id, e.resolve_token, pg_logical_emit_message(true, 'pawl', '') is not null as flushed
from unnest($1::text[], $2::text[]) a (key_id, token)
join {schema}.await_events e on e.key_id = a.key_id and e.resolve_token = a.token`,
);
