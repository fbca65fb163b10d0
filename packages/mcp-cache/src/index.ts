// The cache.

export { type DiscoveryKey, discoveryKey, fingerprint, type KeyParts } from "./cache-key.ts";
// Parts of use to connections.
export { type CacheClock, systemClock } from "./clock.ts";
export {
  createDiscoveryCache,
  type DiscoveryCache,
  type DiscoveryCacheOptions,
  type DiscoveryStats,
  type Refresh,
  type RefreshContext,
  type ResolveOptions,
} from "./discovery-cache.ts";
export type { DiscoveryResult, Origin } from "./discovery-result.ts";
export { DiscoveryError, type DiscoveryFailure } from "./errors.ts";
// Its decisions, pure.
export {
  type Freshness,
  freshnessOf,
  type Policy,
  type PolicyChoice,
  type Terms,
  type TtlSource,
  termsOf,
} from "./freshness.ts";
export type { InvalidateTarget } from "./invalidate-target.ts";
// The port of an MCP client.
export type {
  McpCallOptions,
  McpCallRequest,
  McpCallResult,
  McpClient,
  McpProblem,
  McpServerFacts,
  McpTool,
  ToolPage,
} from "./mcp-client-port.ts";
export { type Discovery, type PageLimits, readAllPages } from "./read-all-pages.ts";
export {
  createSingleFlight,
  type FlightContext,
  type SingleFlight,
  type SingleFlightOptions,
} from "./single-flight.ts";
