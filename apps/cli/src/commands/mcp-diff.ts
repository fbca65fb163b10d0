import { isPawlError, type Json, PawlError, type ToolDefinition, type TurnConfig } from "@pawl/core";
import { diffTools, type ToolsDiff } from "@pawl/mcp";
import type { PawlClient } from "../client/pawl-client.ts";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { oneLine } from "../output/printable.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { mcpEnvironment } from "./mcp-environment.ts";
import { withMcp } from "./open-mcp.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface McpDiffOptions extends ClientOptions {
  readonly mcp?: readonly string[];
}

/** What has become of the tools that a session's last turn was shown. @returns 0 when nothing changed, else 1 */
export async function mcpDiff(sessionId: string, { mcp = [], ...options }: McpDiffOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const { turnId, config } = await lastMcpTurn(client, sessionId);
    const environment = mcpEnvironment(mcp, process.cwd()) ?? storedEnvironment(client, config);
    const now = await withMcp(async (tools, signal) => {
      const toolbox = await tools.open(environment, { sessionId, signal });
      for (const { error, origin } of toolbox.servers) {
        // A server that is away has not taken its tools away.
        if (error !== undefined && origin === "unavailable") throw cliErrorOf(error);
      }
      return toolbox.definitions;
    });
    const diff = diffTools(config.tools, now);
    clear();
    const same = diff.added.length + diff.removed.length + diff.changed.length === 0;
    process.stdout.write(
      options.json ? `${JSON.stringify(wireDiff(sessionId, turnId, diff))}\n` : describe(diff, turnId),
    );
    return same ? EXIT.completed : EXIT.failed;
  });
}

/** How many turns are looked at: those that could not be prepared were shown no tools. */
const LOOK_BACK = 20;

async function lastMcpTurn(
  { reads }: PawlClient,
  sessionId: string,
): Promise<{ readonly turnId: string; readonly config: TurnConfig }> {
  const turns = await reads.turns(sessionId, LOOK_BACK);
  for (const { turn_id: turnId } of turns.toReversed()) {
    const config = await configOf(turnId);
    if (config?.tools.some(isMcp)) return { turnId, config };
  }
  throw cliError(
    "mcp_tools_absent",
    `No turn of session "${sessionId}" was shown tools of an MCP server: there is nothing to compare with.`,
  );

  async function configOf(turnId: string): Promise<TurnConfig | undefined> {
    try {
      return (await reads.record(turnId, { redact: false })).config;
    } catch (error) {
      // It has not begun.
      if (isPawlError(error) && error.code === "turn_unknown") return undefined;
      throw error;
    }
  }
}

const isMcp = ({ source }: ToolDefinition) => source?.kind === "mcp";

/** What a server elsewhere has stored is no reason to start a program here. */
function storedEnvironment(client: PawlClient, config: TurnConfig): Json | undefined {
  if (client.sameMachine) return config.environment;
  throw cliError("usage", "The turn ran on another machine. Name the servers to compare with, with --mcp.");
}

function cliErrorOf({ code, message }: { readonly code: string; readonly message: string }) {
  return new PawlError(code, message, { blame: "peer" });
}

const nameOf = ({ name, source }: ToolDefinition) => ({
  name,
  server: source?.server ?? null,
  original_name: source?.tool ?? null,
});

function wireDiff(sessionId: string, turnId: string, { added, removed, changed }: ToolsDiff) {
  return {
    session_id: sessionId,
    turn_id: turnId,
    added: added.map(nameOf),
    removed: removed.map(nameOf),
    changed: changed.map(({ before, after, members }) => ({
      ...nameOf(after),
      members,
      before: membersOf(before, members),
      after: membersOf(after, members),
    })),
  };
}

function membersOf(definition: ToolDefinition, members: readonly string[]) {
  const all: Readonly<Record<string, unknown>> = { ...definition };
  return Object.fromEntries(members.map((member) => [member, all[member] ?? null]));
}

function describe({ added, removed, changed }: ToolsDiff, turnId: string): string {
  const style = createStyle(wantsColour(process.stdout, process.env));
  const title = ({ name, source }: ToolDefinition) =>
    `${oneLine(name, 100)} of ${oneLine(String(source?.server), 60)}`;
  const lines = [
    ...added.map((tool) => style.good(`+ ${title(tool)}`)),
    ...removed.map((tool) => style.bad(`- ${title(tool)}`)),
    ...changed.map(({ after, members }) => style.accent(`~ ${title(after)}: ${members.join(", ")}`)),
  ];
  if (lines.length === 0) return `The tools are as turn ${turnId} was shown them.\n`;
  return `${lines.join("\n")}\n`;
}
