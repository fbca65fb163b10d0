import { statement } from "../connection/statement.ts";
import { TOKEN_COLUMNS } from "./token-columns.ts";

/** $1 digest. A row only while the token is valid. */
export const findToken = statement(
  "find_token",
  `
select ${TOKEN_COLUMNS}
from {schema}.tokens t
where t.digest = $1 and t.revoked_at is null and (t.expires_at is null or t.expires_at > clock_timestamp())`,
);
