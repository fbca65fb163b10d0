import { decodedStatement } from "../connection/statement.ts";
import { acceptText } from "./accept-text.ts";

/** Parameters and answer: see `accept-text.ts`. */
export const acceptInputEarly = decodedStatement("accept_input_early", acceptText("early"));
