import { statement } from "../connection/statement.ts";

/** $1 process id of a connection of ours: what it runs ends. */
export const cancelBackend = statement("cancel_backend", "select pg_cancel_backend($1::int) as cancelled");
