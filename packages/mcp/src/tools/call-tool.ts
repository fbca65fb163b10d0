import { type JsonObject, PawlError, type ToolDefinition, type ToolOutcome } from "@pawl/core";
import type { ToolContext, ToolInvocation } from "@pawl/core/ports";
import type { McpTool } from "@pawl/mcp-cache";
import { ConnectionLost } from "../errors.ts";
import type { ServerDirectory, ServerSeat } from "../server-directory.ts";
import { changedMembers } from "./pinned-tool.ts";
import { toolAnswer } from "./tool-answer.ts";
import { toolDefinition } from "./tool-definition.ts";

/** A call is worth a short wait for a server that is coming back. */
const CALL_PATIENCE_MS = 5_000;

/** A tool that a turn was shown, and where it lives. */
export interface PinnedTool {
  readonly definition: ToolDefinition;
  /** Asked for at each call: after a resume the credential may have to be had anew. */
  readonly seat: () => Promise<ServerSeat>;
  readonly qualifiedName: string;
  /** The server's own name. */
  readonly original: string;
  /** The list that the definition was made from; absent for a definition that was stored. */
  readonly list?: readonly McpTool[];
}

/**
 * Performs one call. It never throws: what the tool or its server did wrong is an outcome, and where nobody can say
 * whether the call happened, the outcome says that (rule D12).
 */
export async function callTool(
  directory: ServerDirectory,
  tool: PinnedTool,
  call: ToolInvocation,
  { signal, attach }: ToolContext,
): Promise<ToolOutcome> {
  const { definition, original } = tool;
  if (signal.aborted) return { status: "cancelled", certainty: "before_start" };
  if (typeof call.input !== "object" || call.input === null || Array.isArray(call.input)) {
    return failed("mcp_input_invalid", `The arguments of "${definition.name}" must be a JSON object.`);
  }
  const input = call.input as JsonObject;
  const repeatable = definition.onCrash === "retry";
  let sent = false;
  try {
    const seat = await tool.seat();
    const refusal = await pinnedRefusal(directory, tool, seat, signal);
    if (refusal !== undefined) return refusal;
    const result = await directory.use(
      seat,
      (client) => {
        sent = true;
        const { idempotencyKey } = call;
        return client.callTool(
          { name: original, arguments: input, idempotencyKey },
          { signal, timeoutMs: seat.config.callTimeoutMs },
        );
      },
      { signal, patienceMs: CALL_PATIENCE_MS, repeatable },
    );
    const outcome = await toolAnswer(result, definition.name, attach);
    const fault =
      outcome.status === "ok" &&
      result.structuredContent &&
      definition.outputSchema &&
      // Loaded when there is something to check.
      (await import("./output-check.ts")).outputFault(definition, result.structuredContent);
    if (typeof fault === "string") {
      return {
        status: "error",
        code: "mcp_output_invalid",
        message: `The tool "${definition.name}" ran, but its answer does not match its own schema: ${fault}`,
        output: outcome.status === "ok" ? outcome.output : null,
      };
    }
    return outcome;
  } catch (thrown) {
    if (signal.aborted) return { status: "cancelled", certainty: sent ? "outcome_unknown" : "before_start" };
    const error = PawlError.from(thrown, "mcp_tool_failed");
    const begun =
      thrown instanceof ConnectionLost ? thrown.sent : error.code === "mcp_server_timeout" && sent;
    if (begun && !repeatable) return { status: "cancelled", certainty: "outcome_unknown" };
    if (error.code === "mcp_protocol_error") return failed("mcp_tool_failed", error.message);
    if (error.code === "mcp_connection_lost") {
      return failed(
        "mcp_server_unavailable",
        `${error.message} The tool "${definition.name}" cannot be called now.`,
      );
    }
    return failed(error.code, error.message);
  }
}

/** Why the tool must not be called: it is not what the turn was shown. Costs nothing while the list is the same. */
async function pinnedRefusal(
  directory: ServerDirectory,
  { definition, qualifiedName, original, list }: PinnedTool,
  seat: ServerSeat,
  signal: AbortSignal,
): Promise<ToolOutcome | undefined> {
  if (list !== undefined && directory.stillOffers(seat, list)) return undefined;
  const { tools, origin } = await directory.list(seat, { signal });
  if (signal.aborted) return { status: "cancelled", certainty: "before_start" };
  // No list at all is no evidence; the call itself will say what is wrong.
  if (origin === "unavailable") return undefined;
  const current = tools.find(({ name }) => name === original);
  if (current === undefined) {
    return failed(
      "mcp_tool_gone",
      `The MCP server "${seat.config.name}" no longer offers "${original}". It was not called; the next turn is shown the current tools.`,
    );
  }
  const named = {
    name: definition.name,
    qualified: qualifiedName,
    bare: original,
    server: seat.config.name,
    original,
  };
  const members = changedMembers(definition, toolDefinition(named, current, seat.config));
  if (members.length === 0) return undefined;
  return failed(
    "mcp_tool_changed",
    `The MCP server "${seat.config.name}" changed "${original}" (${members.join(", ")}) since this turn was shown it. It was not called; the next turn is shown the current tools.`,
  );
}

function failed(code: string, message: string): ToolOutcome {
  return { status: "error", code, message };
}
