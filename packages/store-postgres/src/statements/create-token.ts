import { statement } from "../connection/statement.ts";
import { TOKEN_COLUMNS } from "./token-columns.ts";

/** $1 id, $2 digest, $3 principal, $4 tenant, $5 scopes, $6 how long it is valid in ms, or null. No row: id or digest is taken. */
export const createToken = statement(
  "create_token",
  `
insert into {schema}.tokens as t (token_id, digest, principal, tenant, scopes, created_at, expires_at)
select $1, $2, $3, $4, $5::text[], n.now, n.now + $6::double precision * interval '1 millisecond'
from (select clock_timestamp() as now) n
on conflict do nothing
returning ${TOKEN_COLUMNS}`,
);
