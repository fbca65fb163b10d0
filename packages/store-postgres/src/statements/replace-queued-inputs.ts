import { statement } from "../connection/statement.ts";

/**
 * $1 the new input, $2 its mode, $3 key, $4 policy, $5 source or null, $6 digest of what was handed in, $7 the inputs whose place it takes,
 * $8 their state from now on, $9 and outcome.
 */
export const replaceQueuedInputs = statement(
  "replace_queued_inputs",
  `
with replaced as (
  update {schema}.inputs i
  set state = $8, outcome = $9::json
  where i.input_id = any($7::text[]) and i.state = 'queued'
)
update {schema}.inputs i
set queue_mode = $2, queue_key = $3, policy = $4::json, source = $5::json, given_digest = $6
where i.input_id = $1`,
);
