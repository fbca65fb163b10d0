import { decodedStatement } from "../connection/statement.ts";
import { acceptText } from "./accept-text.ts";

/** Parameters and answer: see `accept-text.ts`. */
export const acceptAndClaim = decodedStatement("accept_and_claim", acceptText("claiming"));
