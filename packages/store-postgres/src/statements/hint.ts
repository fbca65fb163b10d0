import { statement } from "../connection/statement.ts";

/** $1 channel, $2 payload. Also how a listener proves that it hears (D28). */
export const hint = statement("hint", "select pg_notify($1, $2)");
