import { statement } from "../connection/statement.ts";

/** $1 id, $2 attempts as it was handed out, $3 failure, $4 when it comes again, in ms from now; null: it is dead. */
export const failOutboxItem = statement(
  "fail_outbox_item",
  `
update {schema}.outbox o
set failure = $3::json, dead = $4::double precision is null,
  due_at = clock_timestamp() + coalesce($4::double precision, 0) * interval '1 millisecond'
where o.id = $1 and not o.dead and o.attempts = $2::integer
returning o.id`,
);
