import { statement } from "../connection/statement.ts";
import { TOKEN_COLUMNS } from "./token-columns.ts";

/** $1 limit. Newest first. */
export const listTokens = statement(
  "list_tokens",
  `
select ${TOKEN_COLUMNS}
from {schema}.tokens t
order by t.created_at desc, t.token_id desc
limit $1::bigint`,
);
