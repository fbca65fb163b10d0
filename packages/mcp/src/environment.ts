import { type Json, PawlError } from "@pawl/core";
import { type McpServerConfig, type McpServerInput, readServerConfigs } from "./config/server-config.ts";

/** What an input may say about MCP. Other members of the environment are somebody else's. */
export interface McpEnvironment {
  /** Names of configured servers; where inputs are trusted, also servers of their own. Absent: all configured ones. */
  readonly mcp?: readonly McpServerInput[];
}

/** Reads environments; the same text gives the same configurations, whose identity fingerprints and assemblies hang on. */
export type EnvironmentReader = (environment: Json | undefined) => readonly McpServerConfig[];

const MAX_KEPT = 256;

/**
 * The servers that an environment asks for. Starting a program because an input says so is a decision of the host:
 * without `inline` an input can only choose among configured servers.
 *
 * The reader throws PawlError `mcp_config_invalid` or `mcp_command_invalid`.
 */
export function createEnvironmentReader(
  configured: readonly McpServerConfig[],
  inline: boolean,
): EnvironmentReader {
  const kept = new Map<string, readonly McpServerConfig[]>();
  return (environment) => {
    const wanted = wantedServers(environment);
    if (wanted === undefined) return configured;
    const text = JSON.stringify(wanted);
    let configs = kept.get(text);
    if (configs === undefined) {
      configs = chooseServers(wanted, configured, inline);
      if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value as string);
      kept.set(text, configs);
    }
    return configs;
  };
}

function chooseServers(
  wanted: readonly McpServerInput[],
  configured: readonly McpServerConfig[],
  inline: boolean,
): readonly McpServerConfig[] {
  const chosen: McpServerConfig[] = [];
  const own: McpServerInput[] = [];
  for (const entry of wanted) {
    const known = typeof entry === "string" ? configured.find(({ name }) => name === entry) : undefined;
    if (known !== undefined) chosen.push(known);
    else if (inline) own.push(entry);
    else {
      const names = configured.map(({ name }) => name).join(", ") || "none";
      throw new PawlError(
        "mcp_config_invalid",
        `This input asks for an MCP server that is not configured. Configured servers: ${names}. A host that trusts its inputs can allow others with { inline: true }.`,
      );
    }
  }
  return [
    ...chosen,
    ...readServerConfigs(
      own,
      chosen.map(({ name }) => name),
    ),
  ];
}

function wantedServers(environment: Json | undefined): readonly McpServerInput[] | undefined {
  if (typeof environment !== "object" || environment === null || Array.isArray(environment)) return undefined;
  const { mcp } = environment as { readonly mcp?: Json };
  if (mcp === undefined || mcp === null) return undefined;
  if (!Array.isArray(mcp)) {
    throw new PawlError("mcp_config_invalid", "`mcp` in an environment must be a list of servers.");
  }
  // Each is checked by readServerConfigs().
  return mcp as readonly McpServerInput[];
}
