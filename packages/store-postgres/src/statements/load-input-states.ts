import { decodedStatement } from "../connection/statement.ts";
import { INPUT_LEDGER_COLUMNS } from "./input-ledger-columns.ts";

/** $1 session. In order of admission. */
export const loadInputStates = decodedStatement(
  "load_input_states",
  `select ${INPUT_LEDGER_COLUMNS} from {schema}.inputs i where i.session_id = $1 order by i.position`,
);
