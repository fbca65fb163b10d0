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

/** The text of an output: itself, its MCP text blocks, or its JSON. */
function readable(output: Json): string {
  if (typeof output === "string") return output;
  const blocks = field(output, "content");
  if (Array.isArray(blocks) && blocks.length > 0) {
    const texts = (blocks as readonly Json[]).map((block) => field(block, "text"));
    if (texts.every((text) => typeof text === "string")) return texts.join("\n");
  }
  return JSON.stringify(output);
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
