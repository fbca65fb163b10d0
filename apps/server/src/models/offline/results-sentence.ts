import type { Json, ToolResultPart } from "@pawl/core";

/** Longest text of one result in an answer, in UTF-16 code units: the whole result is in the transcript. */
const MAX_RESULT_LENGTH = 4000;

/** What came of the calls, as one sentence. */
export function resultsSentence(results: readonly ToolResultPart[]): string {
  if (results.length === 0) return "";
  return `${results.map(clause).join("; ")}.`;
}

function clause(result: ToolResultPart): string {
  const { name, output } = result;
  switch (result.status) {
    case "ok":
      return `${name} answered ${quoted(readable(output))}`;
    case "error":
      return `${name} failed${codeOf(output)}: ${quoted(messageOf(output))}`;
    case "cancelled":
      return `${name} was cancelled: ${quoted(messageOf(output))}`;
    case "unknown":
      return `whether ${name} happened is not known: ${quoted(messageOf(output))}`;
  }
}

function quoted(text: string): string {
  const bounded =
    text.length <= MAX_RESULT_LENGTH ? text : `${text.slice(0, MAX_RESULT_LENGTH).toWellFormed()}…`;
  return `"${bounded}"`;
}

/** The text of an output: itself, its content blocks as MCP servers give them, or its JSON. */
function readable(output: Json): string {
  if (typeof output === "string") return output;
  const blocks = Array.isArray(output) ? output : field(output, "content");
  const texts = Array.isArray(blocks) ? (blocks as readonly Json[]).map(textOfBlock) : [];
  return texts.length > 0 && texts.every((text) => text !== undefined)
    ? texts.join("\n")
    : JSON.stringify(output);
}

/** Bytes are not for reading: of a block that is no text only its kind is told. */
function textOfBlock(block: Json): string | undefined {
  const [type, text, mimeType] = [field(block, "type"), field(block, "text"), field(block, "mimeType")];
  if (typeof type !== "string") return undefined;
  if (type === "text") return typeof text === "string" ? text : undefined;
  return typeof mimeType === "string" ? `[${type} ${mimeType}]` : `[${type}]`;
}

function codeOf(output: Json): string {
  const code = field(output, "code");
  return typeof code === "string" ? ` (${code})` : "";
}

function messageOf(output: Json): string {
  const message = field(output, "message");
  return typeof message === "string" ? message : readable(output);
}

function field(value: Json | undefined, key: string): Json | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? (value as { readonly [key: string]: Json })[key] : undefined;
}
