import { PawlError } from "@pawl/core";

/** Codes that the server app itself gives. */
export type ServerErrorCode =
  | "config_invalid"
  | "config_file_missing"
  | "config_file_foreign"
  | "config_file_unloadable"
  | "config_file_invalid"
  | "port_taken"
  | "address_unusable"
  | "data_dir_unusable"
  | "token_file_unusable"
  | "database_unreachable"
  | "database_refused"
  | "mcp_commands_forbidden"
  | "token_request_invalid"
  | "key_unknown"
  | "key_in_use"
  | "key_conflict";

/** An error that a person reads before the server runs: one sentence about what is wrong, one about what to do. */
export function serverError(code: ServerErrorCode, message: string, cause?: unknown): PawlError {
  const blame = code.startsWith("database") ? "infrastructure" : "host";
  return new PawlError(code, message, { blame, cause });
}

/** The system's code of a failed call, such as EACCES. */
export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
