import type { ArcpError } from "../errors.ts";

/** How a job ended. */
export type JobOutcome =
  | { status: "success"; payload: Record<string, unknown> }
  | { status: "error" | "cancelled" | "timed_out"; error: ArcpError };
