import { statement } from "../connection/statement.ts";
import { claimText } from "./claim-text.ts";

/** Parameters and answer: see `claim-text.ts`. */
export const claimSessions = statement("claim_sessions", claimText("true"));
