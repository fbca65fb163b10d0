import { statement } from "../connection/statement.ts";

/** $1 name, $2 what is expected there, $3 value. No row: something else is there, or nothing. */
export const replaceSecret = statement(
  "replace_secret",
  `
update {schema}.secrets
set value = $3
where name = $1 and value = $2
returning name`,
);
