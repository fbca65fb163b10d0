import { statement } from "../connection/statement.ts";

/** $1 session, $2 mode, $3 key, $4 delivery. Queued inputs whose place another one takes, in order of admission. */
export const listQueueKey = statement(
  "list_queue_key",
  `
select i.input_id, i.content
from {schema}.inputs i
where i.session_id = $1 and i.state = 'queued' and i.queue_mode = $2 and i.queue_key = $3 and i.delivery = $4
order by i.position`,
);
