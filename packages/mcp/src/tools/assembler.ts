import type { ToolDefinition } from "@pawl/core";
import type { McpTool } from "@pawl/mcp-cache";
import type { McpServerConfig } from "../config/server-config.ts";
import { toolDefinition } from "./tool-definition.ts";
import { createNameTable, type NamedTool } from "./tool-names.ts";

export interface AssembledTool extends NamedTool {
  readonly definition: ToolDefinition;
}

/** The tools of several servers under one table of names. */
export interface Assembly {
  readonly definitions: readonly ToolDefinition[];
  find(name: string): AssembledTool | undefined;
  ofServer(server: string): readonly AssembledTool[];
}

export interface ListedServer {
  readonly config: McpServerConfig;
  readonly result: { readonly tools: readonly McpTool[] };
}

export interface Assembler {
  /** @param takenNames names that other tools of the turn already have */
  assemble(servers: readonly ListedServer[], takenNames: readonly string[]): Assembly;
}

/** Assemblies kept; each is one combination of lists that some session sees. */
const MAX_KEPT = 256;

/**
 * Assembles definitions once per combination of lists. Lists from the cache keep their identity until they are fetched
 * again, so a turn whose lists are all fresh finds its assembly by identity and builds nothing.
 */
export function createAssembler(): Assembler {
  const identities = new WeakMap<object, number>();
  const kept = new Map<string, Assembly>();
  let lastIdentity = 0;

  function identityOf(value: object): number {
    let identity = identities.get(value);
    if (identity === undefined) {
      identity = ++lastIdentity;
      identities.set(value, identity);
    }
    return identity;
  }

  return {
    assemble(servers, takenNames) {
      const lists = servers
        .map(({ config, result }) => `${identityOf(config)}:${identityOf(result.tools)}`)
        .join(" ");
      const id = `${lists} ${JSON.stringify(takenNames)}`;
      let assembly = kept.get(id);
      if (assembly === undefined) {
        assembly = build(servers, new Set(takenNames));
        if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value as string);
        kept.set(id, assembly);
      }
      return assembly;
    },
  };
}

function build(servers: readonly ListedServer[], reserved: ReadonlySet<string>): Assembly {
  const table = createNameTable(
    servers.map(({ config, result }) => ({
      server: config.name,
      tools: result.tools.map(({ name }) => name),
    })),
    reserved,
  );
  const byServer = new Map(
    servers.map(({ config, result }) => [
      config.name,
      { config, tools: new Map(result.tools.map((tool) => [tool.name, tool])) },
    ]),
  );
  const assembled = new Map<NamedTool, AssembledTool>();
  const ofServer = new Map<string, AssembledTool[]>();
  for (const named of table.entries) {
    const server = byServer.get(named.server);
    const tool = server?.tools.get(named.original);
    if (server === undefined || tool === undefined) continue;
    const entry = { ...named, definition: toolDefinition(named, tool, server.config) };
    assembled.set(named, entry);
    const siblings = ofServer.get(named.server);
    if (siblings === undefined) ofServer.set(named.server, [entry]);
    else siblings.push(entry);
  }
  return {
    definitions: Object.freeze([...assembled.values()].map(({ definition }) => definition)),
    find: (name) => {
      const named = table.find(name);
      return named && assembled.get(named);
    },
    ofServer: (server) => ofServer.get(server) ?? [],
  };
}
