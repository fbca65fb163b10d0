import { statement } from "../connection/statement.ts";

/** $1 JSON of `[{ credentialId, document }]`. The first document of each stays. */
export const keepJobCredentials = statement(
  "keep_job_credentials",
  `
insert into {schema}.job_credentials (credential_id, document)
select c."credentialId", c.document from jsonb_to_recordset($1::jsonb) as c ("credentialId" text, document jsonb)
on conflict do nothing`,
);
