import { statement } from "../connection/statement.ts";

/** $1 credential. */
export const dropJobCredential = statement(
  "drop_job_credential",
  "delete from {schema}.job_credentials c where c.credential_id = $1",
);
