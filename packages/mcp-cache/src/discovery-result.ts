import type { DiscoveryFailure } from "./errors.ts";
import type { Policy, TtlSource } from "./freshness.ts";
import type { McpProblem } from "./mcp-client-port.ts";

/**
 * Where a list came from. `fresh`: memory. `stale`: memory, and it is being refreshed. `cold`: just fetched.
 * `stale-on-error`: memory, because fetching failed. `unavailable`: nothing to give; `error` says why.
 */
export type Origin = "fresh" | "stale" | "cold" | "stale-on-error" | "unavailable";

/** What a caller gets; the same frozen object for every fresh hit of one entry, so never to be changed. */
export interface DiscoveryResult<Tool> {
  readonly tools: readonly Tool[];
  readonly origin: Origin;
  /** When the list was fetched and until when it is fresh, on the clock's scale in milliseconds; absent when there is none. */
  readonly fetchedAt?: number;
  readonly expiresAt?: number;
  readonly ttlSource?: TtlSource;
  /** The policy that applies to this list once it is stale. */
  readonly policy?: Policy;
  readonly problems: readonly McpProblem[];
  readonly error?: DiscoveryFailure;
}

export const NO_TOOLS: readonly never[] = Object.freeze([]);

export function unavailable<Tool>(error: DiscoveryFailure): DiscoveryResult<Tool> {
  return Object.freeze({ tools: NO_TOOLS, origin: "unavailable" as const, problems: NO_TOOLS, error });
}
