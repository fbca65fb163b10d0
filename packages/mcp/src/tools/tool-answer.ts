import type { Json, ToolOutcome } from "@pawl/core";
import type { McpCallResult } from "@pawl/mcp-cache";

/**
 * What the model is given of a server's answer: the structured content if there is any, the text if that is all, else
 * the list of content blocks.
 */
export function toolAnswer(result: McpCallResult, tool: string): ToolOutcome {
  const output = outputOf(result);
  if (!result.isError) return { status: "ok", output };
  const text = textOf(result).trim();
  return {
    status: "error",
    code: "mcp_tool_failed",
    message: text === "" ? `The tool "${tool}" failed and did not say why.` : text,
    ...(typeof output === "string" ? {} : { output }),
  };
}

function outputOf(result: McpCallResult): Json {
  if (result.structuredContent !== undefined) return result.structuredContent as Json;
  if (result.content.every((block) => block.type === "text")) return textOf(result);
  return result.content as unknown as Json;
}

function textOf(result: McpCallResult): string {
  return result.content
    .flatMap((block) => (block.type === "text" && typeof block.text === "string" ? [block.text] : []))
    .join("\n");
}
