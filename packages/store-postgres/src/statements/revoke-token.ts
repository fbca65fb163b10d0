import { statement } from "../connection/statement.ts";
import { TOKEN_COLUMNS } from "./token-columns.ts";

/** $1 id. The first revocation stays. */
export const revokeToken = statement(
  "revoke_token",
  `
update {schema}.tokens t set revoked_at = coalesce(t.revoked_at, clock_timestamp())
where t.token_id = $1
returning ${TOKEN_COLUMNS}`,
);
