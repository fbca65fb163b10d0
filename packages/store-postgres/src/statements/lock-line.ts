import { statement } from "../connection/statement.ts";

/** $1 session. Locks its line until the transaction ends, as acceptors, claims and releases do first of all; makes it when it is new. */
export const lockLine = statement(
  "lock_line",
  `
insert into {schema}.session_queue as q (session_id) values ($1)
on conflict (session_id) do update set used_at = clock_timestamp()
returning q.positions`,
);
