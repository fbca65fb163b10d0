import { statement } from "../connection/statement.ts";

/** $1 session. Whether an interrupt is queued that is due (D16). Asks for steering inputs first: those have an index of their own. */
export const isInterrupted = statement(
  "is_interrupted",
  `
select exists (
  select from {schema}.inputs i
  where i.session_id = $1 and i.state = 'queued' and i.delivery in ('steer', 'interrupt')
    and i.delivery = 'interrupt' and i.due_at <= clock_timestamp()) as interrupted`,
);
