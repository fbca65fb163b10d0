import { statement } from "../connection/statement.ts";

/** $1 name. */
export const loadSecret = statement(
  "load_secret",
  "select s.value from {schema}.secrets s where s.name = $1",
);
