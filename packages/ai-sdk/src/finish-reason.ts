import type { LanguageModelV4FinishReason } from "@ai-sdk/provider";
import type { TerminalReason } from "@pawl/core";

const REASONS: Readonly<Record<LanguageModelV4FinishReason["unified"], TerminalReason>> = {
  stop: "stop",
  length: "output_limit",
  "content-filter": "content_filter",
  "tool-calls": "tool_use",
  error: "provider_error",
  interrupted: "provider_error",
  other: "unknown",
};

/** Raw reasons that the AI SDK folds into `length` and that ask for something else than a longer answer. */
const CONTEXT_IS_FULL: readonly (string | undefined)[] = ["model_context_window_exceeded"];

/** @param hasCalls some servers say `stop` although they asked for tools: the calls decide */
export function toTerminalReason(reason: LanguageModelV4FinishReason, hasCalls: boolean): TerminalReason {
  if (CONTEXT_IS_FULL.includes(reason.raw)) return "context_overflow";
  const terminal = REASONS[reason.unified] ?? "unknown";
  return hasCalls && (terminal === "stop" || terminal === "unknown") ? "tool_use" : terminal;
}
