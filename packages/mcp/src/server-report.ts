import type { OnCrash, ToolHints } from "@pawl/core";
import type { DiscoveryFailure, McpProblem, Origin } from "@pawl/mcp-cache";
import type { McpServerConfig } from "./config/server-config.ts";
import type { SurveyedServer } from "./survey-servers.ts";
import type { Assembly } from "./tools/assembler.ts";

export interface ToolReport {
  /** What the model is shown. */
  readonly name: string;
  /** `server__tool`, which policies may always use. */
  readonly qualifiedName: string;
  /** The server's own name. */
  readonly originalName: string;
  readonly title?: string;
  readonly description: string;
  readonly onCrash: OnCrash;
  readonly hints?: ToolHints;
}

/** All that a person may want to know about one server. */
export interface ServerReport {
  readonly server: string;
  readonly kind: "stdio" | "http";
  /** The command or the address, without its query. */
  readonly target: string;
  readonly trusted: boolean;
  readonly protocolVersion?: string;
  readonly implementation?: { readonly name: string; readonly version: string };
  readonly origin: Origin;
  /** Milliseconds since the list was fetched. */
  readonly ageMs?: number;
  /** Milliseconds for which it is still fresh; negative when it is stale. */
  readonly freshForMs?: number;
  readonly ttlSource?: "server" | "config" | "default";
  readonly policy?: "swr" | "strict";
  /** How long this answer took. */
  readonly latencyMs: number;
  readonly tools: readonly ToolReport[];
  /** What is odd; nothing failed because of it. */
  readonly problems: readonly McpProblem[];
  /** Why the list could not be fetched. */
  readonly error?: DiscoveryFailure;
}

export function serverReport(surveyed: SurveyedServer, assembly: Assembly, now: number): ServerReport {
  const { config, result, facts, latencyMs } = surveyed;
  return {
    server: config.name,
    kind: config.kind,
    target: targetOf(config),
    trusted: config.trusted,
    ...(facts !== undefined && {
      protocolVersion: facts.protocolVersion,
      implementation: { name: facts.name, version: facts.version },
    }),
    origin: result.origin,
    ...(result.fetchedAt !== undefined && { ageMs: now - result.fetchedAt }),
    ...(result.expiresAt !== undefined && { freshForMs: result.expiresAt - now }),
    ...(result.ttlSource !== undefined && { ttlSource: result.ttlSource }),
    ...(result.policy !== undefined && { policy: result.policy }),
    latencyMs,
    tools: assembly.ofServer(config.name).map(({ name, qualified, original, definition }) => ({
      name,
      qualifiedName: qualified,
      originalName: original,
      ...(definition.displayName !== undefined && { title: definition.displayName }),
      description: definition.description,
      onCrash: definition.onCrash,
      ...(definition.hints !== undefined && { hints: definition.hints }),
    })),
    problems: result.problems,
    ...(result.error !== undefined && { error: result.error }),
  };
}

function targetOf(config: McpServerConfig): string {
  if (config.kind === "stdio") return [config.command, ...config.args].join(" ");
  return `${config.url.origin}${config.url.pathname}`;
}
