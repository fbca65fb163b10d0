import { isPawlError, PawlError } from "@pawl/core";
import type { Logger } from "@pawl/core/ports";

/**
 * How loudly the end of a drive is told. `info`: the lease or the process is over, somebody else goes on. `warn`: the
 * ground under it failed; it is tried again. `error`: the host, a peer or we did something wrong.
 */
export function givenUpAs(
  thrown: unknown,
  signal: AbortSignal,
): keyof Pick<Logger, "info" | "warn" | "error"> {
  if (signal.aborted || isPawlError(thrown, "store_fenced")) return "info";
  return PawlError.from(thrown).blame === "infrastructure" ? "warn" : "error";
}
