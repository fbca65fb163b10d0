import { statement } from "../connection/statement.ts";

export const listJobCredentials = statement(
  "list_job_credentials",
  "select c.credential_id, c.document from {schema}.job_credentials c order by c.credential_id",
);
