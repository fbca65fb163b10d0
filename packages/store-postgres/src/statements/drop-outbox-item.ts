import { statement } from "../connection/statement.ts";

/** $1 id, $2 attempts as it was handed out, or null for a dead letter. */
export const dropOutboxItem = statement(
  "drop_outbox_item",
  `
delete from {schema}.outbox o
where o.id = $1 and (case when $2::integer is null then o.dead else not o.dead and o.attempts = $2::integer end)
returning o.id`,
);
