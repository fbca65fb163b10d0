import type { AnswerPart, InputPart, Part, ToolResultPart } from "./part.ts";

interface Base<Role extends string, P extends Part> {
  /** Derived from turn, iteration and purpose, never random: a replay gives the same ids. */
  readonly id: string;
  readonly role: Role;
  readonly parts: readonly P[];
}

export type UserMessage = Base<"user", InputPart>;
export type AssistantMessage = Base<"assistant", AnswerPart>;
export type ToolMessage = Base<"tool", ToolResultPart>;

/** One entry of a transcript. Instructions are configuration and not part of it. */
export type Message = UserMessage | AssistantMessage | ToolMessage;

/** All text of a message, parts joined without a separator. */
export function textOf(message: Message): string {
  let text = "";
  for (const part of message.parts) if (part.type === "text") text += part.text;
  return text;
}
