import { statement } from "../connection/statement.ts";
import { TOKEN_COLUMNS } from "./token-columns.ts";

/** $1 id. */
export const loadToken = statement(
  "load_token",
  `select ${TOKEN_COLUMNS} from {schema}.tokens t where t.token_id = $1`,
);
