import { decodedStatement } from "../connection/statement.ts";

/** $1 hash. */
export const loadConfig = decodedStatement(
  "load_config",
  "select c.config from {schema}.configs c where c.hash = $1",
);
