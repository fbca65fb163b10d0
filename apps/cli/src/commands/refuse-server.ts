import type { PawlError } from "@pawl/core";
import { cliError } from "../errors.ts";

/** What a command that works on the database says to `--server`. */
export function serverUnsupported(url: string): PawlError {
  return cliError(
    "server_unsupported",
    `This works on the database and not through the server at ${url}: run it where the database can be reached, with --data-dir or DATABASE_URL.`,
  );
}
