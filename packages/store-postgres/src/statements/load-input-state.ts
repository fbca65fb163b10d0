import { decodedStatement } from "../connection/statement.ts";
import { INPUT_LEDGER_COLUMNS } from "./input-ledger-columns.ts";

/** $1 input. */
export const loadInputState = decodedStatement(
  "load_input_state",
  `select ${INPUT_LEDGER_COLUMNS} from {schema}.inputs i where i.input_id = $1`,
);
