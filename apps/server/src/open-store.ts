import type { Logger, Store } from "@pawl/core/ports";
import { postgresStore } from "@pawl/store-postgres";
import type { Database } from "./database.ts";

/** Everything that lasts, on the database that was opened. Its migrations run with `open`. */
export function openStore({ url }: Database, logger: Logger): Store {
  return postgresStore({ url, logger });
}
