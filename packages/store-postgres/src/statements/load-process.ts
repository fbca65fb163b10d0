import { statement } from "../connection/statement.ts";

/** $1 process. */
export const loadProcess = statement(
  "load_process",
  "select p.process_id, p.version, p.record from {schema}.processes p where p.process_id = $1",
);
