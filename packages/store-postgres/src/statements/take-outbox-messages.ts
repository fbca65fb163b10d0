import { statement } from "../connection/statement.ts";
import { OUTBOX_COLUMNS } from "./outbox-columns.ts";

/** $1 topics, $2 at most this many, $3 for how long they are hidden, in ms. Of each session and topic the oldest. */
export const takeOutboxMessages = statement(
  "take_outbox_messages",
  `
with due as (
  select o.id
  from {schema}.outbox o
  where not o.dead and o.topic = any($1::text[]) and o.due_at <= clock_timestamp()
    and not exists (
      select from {schema}.outbox b
      where not b.dead and b.session_id = o.session_id and b.topic = o.topic
        and (b.position, b.place) < (o.position, o.place))
  order by o.due_at, o.position, o.place
  limit $2::bigint
  for update skip locked
)
update {schema}.outbox o
set attempts = o.attempts + 1, due_at = clock_timestamp() + $3::double precision * interval '1 millisecond'
from due d
where o.id = d.id
returning ${OUTBOX_COLUMNS}`,
);
