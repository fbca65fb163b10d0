import type { LanguageModelV4ToolCall } from "@ai-sdk/provider";
import { type CallId, callId, type Json, type JsonObject, type ToolCallPart } from "@pawl/core";
import { isStorable, storableText } from "./storable-text.ts";

/**
 * A call as the model made it. No arguments at all mean `{}`, as every provider treats them. Arguments that are not
 * JSON, or that cannot be stored (NUL, lone surrogates, numbers out of range), are malformed: the input is then the
 * raw text and the machine answers the call as failed. Ids that occur twice are the machine's to tell apart.
 */
export function toToolCallPart(call: LanguageModelV4ToolCall, fallbackId: string): ToolCallPart {
  const { providerMetadata } = call;
  return {
    type: "tool_call",
    callId: usableId(call.toolCallId, fallbackId),
    name: storableText(call.toolName),
    ...parseInput(call.input),
    ...(providerMetadata !== undefined && {
      provider: JSON.parse(JSON.stringify(providerMetadata)) as JsonObject,
    }),
  };
}

function parseInput(text: string): { readonly input: Json; readonly malformed?: true } {
  if (text.trim() === "") return { input: {} };
  try {
    const input = JSON.parse(text) as Json;
    if (isStorable(input)) return { input };
  } catch {
    // Falls through: what cannot be parsed is kept as it came.
  }
  return { input: storableText(text), malformed: true };
}

/** Some servers send no id, or one that is too long to be stored. */
function usableId(id: string, fallbackId: string): CallId {
  try {
    return callId(id);
  } catch {
    return callId(fallbackId);
  }
}
