import type { WireTurnResult } from "@pawl/http";

/** What the process tells its caller. Documented in the README; scripts depend on it. */
export const EXIT = {
  completed: 0,
  failed: 1,
  usage: 2,
  /** The turn waits for somebody, or is blocked: it is not over. */
  waiting: 3,
  /** A receipt holds, and nobody here knows whose key signed it. */
  unproven: 4,
  cancelled: 130,
} as const;

const OF_STATUS: Readonly<Record<WireTurnResult["status"], number>> = {
  completed: EXIT.completed,
  failed: EXIT.failed,
  cancelled: EXIT.cancelled,
  waiting: EXIT.waiting,
  blocked: EXIT.waiting,
};

export function exitCodeOf(result: Pick<WireTurnResult, "status">): number {
  return OF_STATUS[result.status];
}

/** Codes of errors that a correction of the command line or the environment mends. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  "config_invalid",
  "token_request_invalid",
  "invalid_principal",
  "config_file_missing",
  "config_file_foreign",
  "config_file_unloadable",
  "config_file_invalid",
  "usage",
  "server_unsupported",
  "confirmation_needed",
  "model_unknown",
  "model_key_missing",
  "model_base_url_invalid",
  "model_price_invalid",
  "mcp_command_invalid",
  "mcp_config_invalid",
  "file_unusable",
  "record_invalid",
  "fork_out_of_range",
  "fork_prompt_too_late",
  "fork_session_taken",
]);

export function exitCodeOfError(code: string): number {
  if (code === "interrupted") return EXIT.cancelled;
  return USAGE_CODES.has(code) ? EXIT.usage : EXIT.failed;
}
