import type { Json, ToolOutcome } from "@pawl/core";
import type { ToolContext } from "@pawl/core/ports";
import type { McpCallResult } from "@pawl/mcp-cache";
import { type Block, storedBlocks } from "./content-blocks.ts";

/**
 * What the model is given of a server's answer: the structured content if there is any, the text if that is all, else the list of content
 * blocks. Pictures, sound and other bytes are stored with `attach`, and stand there as references; they are never left out.
 */
export async function toolAnswer(
  result: McpCallResult,
  tool: string,
  attach?: ToolContext["attach"],
): Promise<ToolOutcome> {
  const blocks = await storedBlocks(result.content, attach);
  const output = outputOf(result.structuredContent, blocks);
  if (!result.isError) return { status: "ok", output };
  const text = textOf(blocks).trim();
  return {
    status: "error",
    code: "mcp_tool_failed",
    message: text === "" ? `The tool "${tool}" failed and did not say why.` : text,
    ...(typeof output === "string" ? {} : { output }),
  };
}

function outputOf(structured: McpCallResult["structuredContent"], blocks: readonly Block[]): Json {
  if (structured !== undefined) {
    // Text beside it says the same for clients that know no structure.
    const files = blocks.filter(({ type }) => type === "image" || type === "audio" || type === "file");
    if (files.length === 0) return structured as Json;
    return [{ type: "structured", value: structured as Json }, ...(files as unknown as Json[])];
  }
  if (blocks.every((block) => block.type === "text")) return textOf(blocks);
  return blocks as unknown as Json;
}

function textOf(blocks: readonly Block[]): string {
  return blocks
    .flatMap((block) => (block.type === "text" && typeof block.text === "string" ? [block.text] : []))
    .join("\n");
}
