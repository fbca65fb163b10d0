import { type InputPart, PawlError } from "@pawl/core";

/** What was sent, as parts. @throws PawlError `input_empty` */
export function partsOf(content: string | readonly InputPart[]): readonly InputPart[] {
  const parts: readonly InputPart[] =
    typeof content === "string" ? [{ type: "text", text: content }] : content;
  const empty = parts.length === 0 || parts.every((part) => part.type === "text" && part.text.trim() === "");
  if (empty) {
    throw new PawlError(
      "input_empty",
      "An input needs text or another part: send what the agent shall work on.",
      {
        blame: "peer",
      },
    );
  }
  return parts;
}
