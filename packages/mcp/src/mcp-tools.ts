import { isPawlError, type Json, PawlError, type ToolDefinition, type ToolOutcome } from "@pawl/core";
import type { Logger, OpenToolboxOptions, Toolbox, ToolProvider } from "@pawl/core/ports";
import {
  type CacheClock,
  createDiscoveryCache,
  type DiscoveryCacheOptions,
  type DiscoveryStats,
  type McpTool,
  systemClock,
} from "@pawl/mcp-cache";
import type { McpAuthProvider } from "./auth.ts";
import { type McpServerConfig, type McpServerInput, readServerConfigs } from "./config/server-config.ts";
import { createConnectServer } from "./connections/connect-server.ts";
import { createConnectionPool } from "./connections/connection-pool.ts";
import { type Backoff, DEFAULT_BACKOFF } from "./connections/reconnect-policy.ts";
import type { ResolveHost } from "./egress/pinned-fetch.ts";
import { createEnvironmentReader } from "./environment.ts";
import { createServerDirectory } from "./server-directory.ts";
import { type ServerReport, serverReport } from "./server-report.ts";
import { type SurveyedServer, type SurveyOptions, surveyServers } from "./survey-servers.ts";
import { type Assembly, createAssembler } from "./tools/assembler.ts";
import { callTool, type PinnedTool } from "./tools/call-tool.ts";
import { mcpSource } from "./tools/pinned-tool.ts";

export interface McpToolsOptions {
  /** Servers that every turn has, unless its environment chooses among them. */
  readonly servers?: readonly McpServerInput[];
  /** Inputs may bring servers of their own, commands included. Only where every input is trusted. Default false. */
  readonly inline?: boolean;
  /** Credentials for HTTP servers. */
  readonly auth?: McpAuthProvider;
  readonly cache?: Omit<DiscoveryCacheOptions, "clock" | "random">;
  readonly maxPages?: number;
  /** Resolves host names of HTTP servers; the system's resolver by default. */
  readonly resolve?: ResolveHost;
  /**
   * How long a turn waits for lists that are not in memory, in milliseconds; it goes on without the servers that take longer and
   * are not `required`. Default 30 seconds.
   */
  readonly patienceMs?: number;
  /** How long an unused connection is kept. Default 5 minutes. */
  readonly idleMs?: number;
  readonly backoff?: Partial<Backoff>;
  readonly clock?: CacheClock;
  readonly random?: () => number;
  readonly logger?: Logger;
}

export interface InspectOptions {
  readonly sessionId: string;
  readonly signal?: AbortSignal;
  /** Ask the servers even if the lists are fresh. */
  readonly refresh?: boolean;
  /** Names of the host's other tools, so that shown names are what a turn would see. */
  readonly takenNames?: readonly string[];
}

export interface McpToolbox extends Toolbox {
  /** One per server, by name: where its tools came from and what is wrong with it. Empty for a pinned toolbox. */
  readonly servers: readonly ServerReport[];
  /** The tool of a shown name, of `server__tool`, or of a bare name that only one tool has. */
  find(name: string): ToolDefinition | undefined;
}

/** MCP servers as tools of a host. */
export interface McpTools extends ToolProvider {
  /**
   * The tools of all servers of the environment. A server that cannot be reached is reported and its tools are missing,
   * unless it is `required`.
   *
   * @throws PawlError `mcp_config_invalid`, `mcp_command_invalid`; for a required server what it came to
   */
  open(environment: Json | undefined, options: OpenToolboxOptions): Promise<McpToolbox>;
  /** Every server of the environment with its tools, for people. Never throws for a server. */
  inspect(environment: Json | undefined, options: InspectOptions): Promise<readonly ServerReport[]>;
  /** Ends a session's connections and forgets its lists. */
  forgetSession(sessionId: string): Promise<void>;
  stats(): DiscoveryStats & { readonly connections: number };
  /** Ends every connection and the processes behind them. */
  close(): Promise<void>;
}

interface Found {
  readonly surveyed: readonly SurveyedServer[];
  readonly assembly: Assembly;
}

/** A first `npx -y` may download before it lists; the cache's own default is for servers that run. */
const FETCH_TIMEOUT_MS = 90_000;
const PATIENCE_MS = 30_000;
const IDLE_MS = 300_000;
const NOTICE_DELAY_MS = 300;
const MAX_PAGES = 64;

/** @throws PawlError `mcp_config_invalid`, `mcp_command_invalid` */
export function createMcpTools(options: McpToolsOptions = {}): McpTools {
  const configured = readServerConfigs(options.servers ?? []);
  const { clock = systemClock, random = Math.random, logger } = options;
  const cacheOptions = { fetchTimeoutMs: FETCH_TIMEOUT_MS, ...options.cache };
  const cache = createDiscoveryCache<McpTool>({ ...cacheOptions, clock, random });
  const pool = createConnectionPool();
  const directory = createServerDirectory({
    cache,
    pool,
    clock,
    random,
    auth: options.auth,
    idleMs: options.idleMs ?? IDLE_MS,
    backoff: { ...DEFAULT_BACKOFF, ...options.backoff },
    noticeDelayMs: NOTICE_DELAY_MS,
    limits: {
      maxPages: options.maxPages ?? MAX_PAGES,
      maxTools: cacheOptions.maxToolsPerServer ?? 512,
      maxBytes: cacheOptions.maxBytesPerEntry ?? 2 * 1024 * 1024,
    },
    connect: createConnectServer(options.resolve),
  });
  const assembler = createAssembler();
  const readEnvironment = createEnvironmentReader(configured, options.inline ?? false);
  let closed = false;

  function configsOf(environment: Json | undefined): readonly McpServerConfig[] {
    if (closed) throw new PawlError("mcp_closed", "The MCP connections of this host were closed.");
    return readEnvironment(environment);
  }

  async function survey(
    environment: Json | undefined,
    surveyOptions: SurveyOptions,
    takenNames: readonly string[] = [],
  ): Promise<Found> {
    const surveyed = await surveyServers(directory, clock, configsOf(environment), surveyOptions);
    return { surveyed, assembly: assembler.assemble(surveyed, takenNames) };
  }

  function reports({ surveyed, assembly }: Found): readonly ServerReport[] {
    const now = clock.now();
    return surveyed.map((one) => serverReport(one, assembly, now));
  }

  function toolbox(
    definitions: readonly ToolDefinition[],
    find: (name: string) => PinnedTool | undefined,
    servers: () => readonly ServerReport[],
  ): McpToolbox {
    return {
      definitions,
      get servers() {
        return servers();
      },
      find: (name) => find(name)?.definition,
      async execute(call, context) {
        const tool = find(call.name);
        if (tool !== undefined) return callTool(directory, tool, call, context);
        return definitions.some(({ name }) => name === call.name)
          ? failed(
              "mcp_tool_gone",
              `The MCP server of "${call.name}" is no longer configured. It was not called.`,
            )
          : failed("mcp_tool_unknown", `There is no MCP tool named "${call.name}" in this turn.`);
      },
    };
  }

  async function openFound(
    environment: Json | undefined,
    { sessionId, signal, takenNames }: OpenToolboxOptions,
  ): Promise<McpToolbox> {
    const patienceMs = options.patienceMs ?? PATIENCE_MS;
    const found = await survey(environment, { sessionId, signal, patienceMs }, takenNames);
    for (const { config, result } of found.surveyed) {
      if (result.error === undefined) continue;
      logger?.warn("An MCP server has a problem.", {
        server: config.name,
        origin: result.origin,
        ...result.error,
      });
      if (config.required && result.origin === "unavailable") {
        throw new PawlError(result.error.code, result.error.message, { blame: "peer" });
      }
    }
    const { assembly, surveyed } = found;
    const seats = new Map(surveyed.map((one) => [one.config.name, one]));
    const find = (name: string): PinnedTool | undefined => {
      const tool = assembly.find(name);
      const { seat, result } = (tool && seats.get(tool.server)) ?? {};
      if (tool === undefined || seat === undefined) return undefined;
      const { definition, qualified: qualifiedName, original } = tool;
      const place = () => Promise.resolve(seat);
      return { definition, seat: place, qualifiedName, original, ...(result && { list: result.tools }) };
    };
    return toolbox(assembly.definitions, find, () => reports(found));
  }

  /** For a turn that was begun before: whatever has become of servers and configuration, it is opened, and calls tell. */
  function openPinned(
    environment: Json | undefined,
    { sessionId }: OpenToolboxOptions,
    pinned: readonly ToolDefinition[],
  ): McpToolbox {
    const configs = new Map(configsThatRemain(environment).map((config) => [config.name, config]));
    const tools = new Map<string, PinnedTool>();
    const definitions = pinned.filter((definition) => mcpSource(definition) !== undefined);
    for (const definition of definitions) {
      const source = mcpSource(definition);
      const config = source && configs.get(source.server);
      if (source === undefined || config === undefined) continue;
      const { qualifiedName, tool: original } = source;
      const seat = () => directory.seat(config, sessionId, undefined);
      const tool = { definition, seat, qualifiedName, original };
      tools.set(definition.name, tool);
      if (!tools.has(qualifiedName)) tools.set(qualifiedName, tool);
    }
    return toolbox(
      definitions,
      (name) => tools.get(name),
      () => [],
    );
  }

  /** A turn must not end because a server was taken out of the configuration under it. */
  function configsThatRemain(environment: Json | undefined): readonly McpServerConfig[] {
    try {
      return configsOf(environment);
    } catch (thrown) {
      if (isPawlError(thrown, "mcp_config_invalid")) return configured;
      throw thrown;
    }
  }

  return {
    open: async (environment, openOptions) =>
      openOptions.pinned === undefined
        ? openFound(environment, openOptions)
        : openPinned(environment, openOptions, openOptions.pinned),
    inspect: async (environment, inspectOptions) =>
      reports(await survey(environment, inspectOptions, inspectOptions.takenNames)),
    async forgetSession(sessionId) {
      cache.forgetSession(sessionId);
      await pool.forgetSession(sessionId);
    },
    stats: () => ({ ...cache.stats(), connections: pool.size }),
    async close() {
      closed = true;
      await pool.close();
    },
  };
}

function failed(code: string, message: string): ToolOutcome {
  return { status: "error", code, message };
}
