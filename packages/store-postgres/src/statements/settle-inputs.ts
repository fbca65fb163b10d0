import { statement } from "../connection/statement.ts";

/**
 * $1 ids of inputs. Returns those that are there, and makes all that was committed before durable: a commit that has written something is
 * waited for until the write-ahead log is on the disk up to it. The message is that something; nobody reads it.
 */
export const settleInputs = statement(
  "settle_inputs",
  `
select i.input_id, pg_logical_emit_message(true, 'pawl', '') is not null as flushed
from {schema}.inputs i
where i.input_id = any($1::text[])`,
);
