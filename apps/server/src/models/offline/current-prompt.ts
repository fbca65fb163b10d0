import { type AssistantMessage, type Message, type ToolResultPart, textOf } from "@pawl/core";

/** Where a request stands: what was asked last, and what was answered to it. */
export interface CurrentPrompt {
  /** The last user messages in a row, several when inputs were steered in together. */
  readonly texts: readonly string[];
  /** How many answers of the model with tool calls came since. */
  readonly answers: number;
  readonly results: readonly ToolResultPart[];
}

/** Everything before the last user message belongs to earlier prompts, also inside of one turn (steering). */
export function currentPrompt(messages: readonly Message[]): CurrentPrompt {
  const last = messages.findLastIndex((message) => message.role === "user");
  const before = messages.findLastIndex((message, at) => at < last && message.role !== "user");
  const since = messages.slice(last + 1);
  return {
    texts: messages.slice(before + 1, last + 1).map(textOf),
    answers: since.filter((message) => message.role === "assistant" && asksForTools(message)).length,
    results: since.flatMap((message) => (message.role === "tool" ? message.parts : [])),
  };
}

function asksForTools(message: AssistantMessage): boolean {
  return message.parts.some((part) => part.type === "tool_call");
}
