import { Option } from "commander";
import type { McpDiffOptions } from "../commands/mcp-diff.ts";
import type { McpListOptions } from "../commands/mcp-list.ts";
import type { PawlCommand } from "./pawl-command.ts";
import { collect, json, type SetExitCode } from "./shared-options.ts";

const mcpServer = () =>
  new Option("--mcp <command>", "an MCP server, by command or address; repeatable").argParser(collect);

/** MCP servers and their tools, for people. */
export function addMcp(program: PawlCommand, setExitCode: SetExitCode): void {
  const mcp = program
    .command("mcp")
    .description("Look at MCP servers and their tools")
    .helpCommand(false)
    .addHelpText(
      "after",
      `
Examples:
  pawl mcp list --mcp "npx -y @modelcontextprotocol/server-everything"
  pawl mcp diff trip`,
    );

  mcp
    .command("list")
    .description("List the tools of MCP servers, as a turn would see them")
    .addOption(mcpServer())
    .addOption(json())
    .addHelpText(
      "after",
      `
It starts the servers in this process and needs no Pawl server.

Examples:
  pawl mcp list --mcp "npx -y @modelcontextprotocol/server-everything"
  pawl mcp list --mcp "npx -y server-a" --mcp https://example.com/mcp --json

Exit codes:
  0  every server answered
  1  a server cannot be reached`,
    )
    .action(async (options: McpListOptions) => {
      const { mcpList } = await import("../commands/mcp-list.ts");
      setExitCode(await mcpList(options));
    });

  mcp
    .command("diff")
    .description("Compare the tools that a session's last turn was shown with what its servers offer now")
    .argument("<session>", "the session's id")
    .addOption(mcpServer())
    .onServer()
    .addHelpText(
      "after",
      `
Without --mcp the servers of that turn are asked, when it ran on this machine.

Examples:
  pawl mcp diff trip
  pawl mcp diff trip --mcp "npx -y @modelcontextprotocol/server-everything@latest" --json

Exit codes:
  0  nothing changed
  1  tools were added, removed or changed, or they cannot be compared`,
    )
    .action(async (session: string, options: McpDiffOptions) => {
      const { mcpDiff } = await import("../commands/mcp-diff.ts");
      setExitCode(await mcpDiff(session, options));
    });
}
