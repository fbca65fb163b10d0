import { statement } from "../connection/statement.ts";
import { claimText } from "./claim-text.ts";

/**
 * $7 session; the other parameters and the answer: see `claim-text.ts`. Of its own, so that its plan is a look-up by key. Where it finds
 * the session, who is dead is left to the next poll.
 */
export const claimOneSession = statement(
  "claim_one_session",
  claimText("q.session_id = $7", "exists (select from marked)"),
);
