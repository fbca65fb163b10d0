import { statement } from "../connection/statement.ts";

/** $1 id. */
export const reviveOutboxItem = statement(
  "revive_outbox_item",
  `
update {schema}.outbox o
set dead = false, attempts = 0, due_at = clock_timestamp()
where o.id = $1 and o.dead
returning o.id`,
);
