import type { JsonObject, ToolDefinition } from "@pawl/core";
import type { McpTool } from "@pawl/mcp-cache";
import type { McpServerConfig } from "../config/server-config.ts";
import type { NamedTool } from "./tool-names.ts";

/** Silence ends a call; one that keeps reporting progress is ended after this many times as long. */
export const LONGEST_CALL_IN_SILENCES = 10;

/** A tool of an MCP server as a tool of Pawl. */
export function toolDefinition(
  named: NamedTool,
  tool: McpTool,
  { trusted, callTimeoutMs }: Pick<McpServerConfig, "trusted" | "callTimeoutMs">,
): ToolDefinition {
  const { annotations } = tool;
  const hints = {
    ...(annotations?.readOnlyHint !== undefined && { readOnly: annotations.readOnlyHint }),
    ...(annotations?.destructiveHint !== undefined && { destructive: annotations.destructiveHint }),
    ...(annotations?.idempotentHint !== undefined && { idempotent: annotations.idempotentHint }),
    ...(annotations?.openWorldHint !== undefined && { openWorld: annotations.openWorldHint }),
  };
  const title = tool.title ?? annotations?.title;
  return {
    name: named.name,
    ...(title !== undefined && { displayName: title }),
    description:
      tool.description ?? title ?? `The tool "${named.original}" of the MCP server "${named.server}".`,
    inputSchema: tool.inputSchema as JsonObject,
    ...(tool.outputSchema !== undefined && { outputSchema: tool.outputSchema as JsonObject }),
    // A stranger's hint is a claim: it must not decide whether a payment is made twice (rule D12).
    onCrash:
      trusted && (annotations?.readOnlyHint === true || annotations?.idempotentHint === true)
        ? "retry"
        : "ask",
    category: "mcp",
    timeoutMs: callTimeoutMs * LONGEST_CALL_IN_SILENCES,
    ...(Object.keys(hints).length > 0 && { hints }),
    source: { kind: "mcp", server: named.server, tool: named.original, qualifiedName: named.qualified },
  };
}
