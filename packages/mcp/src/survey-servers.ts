import { PawlError } from "@pawl/core";
import type { CacheClock, DiscoveryResult, McpServerFacts, McpTool } from "@pawl/mcp-cache";
import type { McpServerConfig } from "./config/server-config.ts";
import type { ServerDirectory, ServerSeat } from "./server-directory.ts";

/** One server of a survey: its list, or why there is none. */
export interface SurveyedServer {
  readonly config: McpServerConfig;
  /** Absent when not even the credential could be had. */
  readonly seat: ServerSeat | undefined;
  readonly result: DiscoveryResult<McpTool>;
  readonly facts: McpServerFacts | undefined;
  readonly latencyMs: number;
}

export interface SurveyOptions {
  readonly sessionId: string;
  readonly signal?: AbortSignal | undefined;
  /** Ask the servers even if the lists are fresh. */
  readonly refresh?: boolean | undefined;
  /** How long to wait for a server that is not `required`; its fetch goes on behind. */
  readonly patienceMs?: number | undefined;
}

// One array for all, because assemblies are found by the identity of lists.
const NO_TOOLS: readonly never[] = Object.freeze([]);

/** Asks all servers at once and sorts them by name, so that the order of tools is the same every time. Rejects only for `signal`. */
export async function surveyServers(
  directory: ServerDirectory,
  clock: CacheClock,
  configs: readonly McpServerConfig[],
  options: SurveyOptions,
): Promise<readonly SurveyedServer[]> {
  const { signal, patienceMs } = options;
  const patience = new AbortController();
  const cancelTimer =
    patienceMs === undefined ? () => {} : clock.setTimer(() => patience.abort(), patienceMs);
  try {
    const sorted = [...configs].sort((a, b) => (a.name < b.name ? -1 : 1));
    const surveyed = await Promise.all(sorted.map((config) => surveyOne(config)));
    signal?.throwIfAborted();
    return surveyed;
  } finally {
    cancelTimer();
  }

  async function surveyOne(config: McpServerConfig): Promise<SurveyedServer> {
    const startedAt = clock.now();
    let seat: ServerSeat | undefined;
    let result: DiscoveryResult<McpTool>;
    try {
      seat = await directory.seat(config, options.sessionId, signal);
      const wait = config.required ? signal : eitherOf(signal, patience.signal);
      result = await directory.list(seat, { signal: wait, force: options.refresh === true });
      if (result.error?.code === "mcp_discovery_aborted" && patience.signal.aborted) {
        result = { ...result, error: { code: "mcp_server_timeout", message: outOfPatience(config.name) } };
      }
    } catch (thrown) {
      // The auth provider failed: this server is unavailable, the others are not.
      const { code, message } = PawlError.from(thrown, "mcp_auth_required");
      result = { tools: NO_TOOLS, origin: "unavailable", problems: NO_TOOLS, error: { code, message } };
    }
    const facts = seat && directory.facts(seat);
    return { config, seat, result, facts, latencyMs: clock.now() - startedAt };
  }

  function outOfPatience(server: string): string {
    return `The MCP server "${server}" did not list its tools within ${patienceMs} ms; this turn goes on without what is missing. The next one has it if the server answers meanwhile.`;
  }
}

function eitherOf(one: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return one === undefined ? other : AbortSignal.any([one, other]);
}
