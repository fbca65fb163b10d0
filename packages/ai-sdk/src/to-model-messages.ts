import type { AnswerPart, InputPart, Message, ToolResultPart } from "@pawl/core";

/**
 * A transcript in the words of the AI SDK (`ModelMessage`), for bodies of tools that look at it. Files stand as text that names
 * them: their bytes are with the host, and few tools read them here.
 */
export function toModelMessages(messages: readonly Message[]): object[] {
  return messages.map(toModelMessage);
}

function toModelMessage(message: Message): object {
  switch (message.role) {
    case "user":
      return { role: "user", content: message.parts.map(toUserPart) };
    case "assistant":
      return { role: "assistant", content: message.parts.map(toAssistantPart) };
    case "tool":
      return { role: "tool", content: message.parts.map(toResultPart) };
  }
}

function toUserPart(part: InputPart): object {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text };
    case "structured":
      return { type: "text", text: JSON.stringify(part.value) };
    case "file":
    case "image":
      return { type: "text", text: `[${part.type} ${part.name ?? ""} ${part.mediaType} ${part.ref}]` };
  }
}

function toAssistantPart(part: AnswerPart): object {
  switch (part.type) {
    case "text":
    case "reasoning":
      return { type: part.type, text: part.text };
    case "structured":
      return { type: "text", text: JSON.stringify(part.value) };
    case "tool_call":
      return { type: "tool-call", toolCallId: part.callId, toolName: part.name, input: part.input };
  }
}

function toResultPart({ callId, name, status, output }: ToolResultPart): object {
  const kind = typeof output === "string" ? "text" : "json";
  const type = status === "ok" ? kind : `error-${kind}`;
  return { type: "tool-result", toolCallId: callId, toolName: name, output: { type, value: output } };
}
