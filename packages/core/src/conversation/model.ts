import type { JsonObject } from "../json.ts";
import type { Message } from "./message.ts";
import type { AnswerPart } from "./part.ts";
import type { ToolDefinition } from "./tool-definition.ts";
import type { Usage } from "./usage.ts";

/** Everything that a model needs for one answer. Built from the machine's state, never stored as a whole. */
export interface ModelRequest {
  readonly instructions: string | undefined;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolDefinition[];
  /** `none`: the model must answer without tools (a limit was reached). */
  readonly toolChoice: "auto" | "none";
  /** An answer without tool calls is JSON that fits this JSON Schema. */
  readonly output?: { readonly schema: JsonObject };
}

/** All that `TerminalReason` may be. */
export const TERMINAL_REASONS = [
  "stop",
  "tool_use",
  "output_limit",
  "context_overflow",
  "content_filter",
  "provider_error",
  "cancelled",
  "unknown",
] as const;
/** Why a model stopped. */
export type TerminalReason = (typeof TERMINAL_REASONS)[number];

export interface ModelAnswer {
  readonly parts: readonly AnswerPart[];
  readonly terminalReason: TerminalReason;
  readonly usage: Usage;
  /** The model that answered, as its provider names it. */
  readonly model: string;
  /** Why the answer does not fit the schema that was asked for. One that fits has a structured part in place of its text. */
  readonly outputIssue?: string;
}

/** A model call that ended without an answer: an outcome, not an exception. */
export interface ModelFailure {
  readonly message: string;
  readonly retryable: boolean;
  readonly terminalReason: TerminalReason;
  readonly code?: string;
  /** What the provider said, bounded and without secrets. */
  readonly raw?: string;
  /** The request as sent, only where tracing of bodies is on. */
  readonly requestBody?: string;
  /** How long the provider asks to wait, in milliseconds. */
  readonly retryAfterMs?: number;
}
