import { statement } from "../connection/statement.ts";

/** $1 name, $2 value. No row: somebody was first. */
export const keepSecret = statement(
  "keep_secret",
  `
insert into {schema}.secrets (name, value) values ($1, $2)
on conflict do nothing
returning value`,
);
