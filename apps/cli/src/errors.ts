import { PawlError } from "@pawl/core";

/** Codes that the command line itself gives. */
export type CliErrorCode =
  | "usage"
  | "confirmation_needed"
  | "server_unreachable"
  | "server_lost"
  | "token_missing"
  | "token_unknown"
  | "answer_invalid"
  | "turn_unknown"
  | "session_unknown"
  | "file_unusable"
  | "record_invalid"
  | "interrupted"
  | "wait_unknown"
  | "mcp_tools_absent"
  | "job_unknown"
  | "grant_not_awaited"
  | "job_without_turn"
  | "server_unsupported";

export function cliError(code: CliErrorCode, message: string, cause?: unknown): PawlError {
  return new PawlError(code, message, { cause });
}
