import type { ServerReport } from "@pawl/mcp";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { showDuration } from "../output/describe.ts";
import { oneLine } from "../output/printable.ts";
import { createProgress } from "../output/progress.ts";
import { sayError } from "../output/say-error.ts";
import { createStyle, type Style, wantsColour } from "../output/style.ts";
import { showAge, table } from "../output/table.ts";
import { mcpEnvironment } from "./mcp-environment.ts";
import { withMcp } from "./open-mcp.ts";

export interface McpListOptions {
  readonly mcp?: readonly string[];
  readonly json?: true;
}

/** Every server with its tools, as a turn would see them. @returns 0, or 1 when a server cannot be reached */
export async function mcpList({ mcp = [], json }: McpListOptions): Promise<number> {
  const progress = createProgress(process.stderr);
  try {
    const environment = mcpEnvironment(mcp, process.cwd());
    if (environment === undefined) {
      throw cliError("usage", 'Name the servers, for example: pawl mcp list --mcp "npx -y some-server"');
    }
    progress.set("Connecting to the MCP servers…");
    const servers = await withMcp((tools, signal) =>
      tools.inspect(environment, { sessionId: "pawl-mcp-list", signal }),
    );
    progress.clear();
    if (json) process.stdout.write(`${JSON.stringify({ servers: servers.map(wireServer) })}\n`);
    else {
      const style = createStyle(wantsColour(process.stdout, process.env));
      process.stdout.write(servers.map((server) => describe(server, style)).join("\n"));
    }
    return servers.some(({ origin }) => origin === "unavailable") ? EXIT.failed : EXIT.completed;
  } catch (error) {
    progress.clear();
    return sayError(error, json === true);
  }
}

function wireServer(report: ServerReport) {
  const { server, kind, target, trusted, protocolVersion, implementation, origin, ageMs } = report;
  return {
    server,
    kind,
    target,
    trusted,
    protocol_version: protocolVersion ?? null,
    implementation: implementation ?? null,
    origin,
    age_ms: ageMs ?? null,
    fresh_for_ms: report.freshForMs ?? null,
    latency_ms: Math.round(report.latencyMs),
    tools: report.tools.map((tool) => ({
      name: tool.name,
      qualified_name: tool.qualifiedName,
      original_name: tool.originalName,
      title: tool.title ?? null,
      description: tool.description,
      on_crash: tool.onCrash,
      hints: tool.hints ?? null,
    })),
    problems: report.problems,
    error: report.error ?? null,
  };
}

function describe(report: ServerReport, style: Style): string {
  const { server, implementation, protocolVersion, origin, ageMs, latencyMs, tools, problems, error } =
    report;
  const facts = [
    implementation && `${implementation.name} ${implementation.version}`,
    protocolVersion && `MCP ${protocolVersion}`,
    ageMs === undefined ? origin : `${origin}, ${showAge(ageMs)}`,
    `answered in ${showDuration(latencyMs)}`,
  ];
  const head = `${style.bold(oneLine(server, 60))}: ${oneLine(facts.filter(Boolean).join(" · "), 300)}`;
  const lines = [`${head}\n  ${style.dim(oneLine(report.target, 300))}`];
  if (error !== undefined) lines.push(style.bad(`  ✗ ${error.code}: ${oneLine(error.message, 500)}`));
  for (const { code, tool, message } of problems)
    lines.push(style.bad(`  ! ${code}${tool === undefined ? "" : ` (${tool})`}: ${oneLine(message, 300)}`));
  const rows = tools.map(({ name, originalName, onCrash, description }) => [
    name,
    name === originalName ? "" : originalName,
    onCrash === "retry" ? "repeat" : "ask",
    description,
  ]);
  const shown =
    rows.length === 0 ? "" : table(["TOOL", "ITS SERVER'S NAME", "AFTER A CRASH", ""], rows, style);
  return `${lines.join("\n")}\n${shown}`;
}
