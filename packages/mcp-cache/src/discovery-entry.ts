import type { DiscoveryKey } from "./cache-key.ts";
import type { DiscoveryResult } from "./discovery-result.ts";
import { NO_TOOLS } from "./discovery-result.ts";
import type { Doubt, Policy, Terms } from "./freshness.ts";
import type { Discovery } from "./read-all-pages.ts";

/** One stored list. Everything but `doubt` is fixed when it is stored. */
export interface Entry<Tool> {
  readonly server: string;
  /** Absent for a list that the server declared public. */
  readonly session: string | undefined;
  readonly slot: string;
  readonly fetchedAt: number;
  readonly ttlMs: number;
  readonly policy: Policy;
  readonly bytes: number;
  /** The answers are made once, so that a hit allocates and copies nothing. */
  readonly fresh: DiscoveryResult<Tool>;
  readonly stale: DiscoveryResult<Tool>;
  readonly cold: DiscoveryResult<Tool>;
  doubt: Doubt;
}

export function createEntry<Tool>(
  key: DiscoveryKey,
  discovery: Discovery<Tool>,
  terms: Terms,
  fetchedAt: number,
  bytes: number,
): Entry<Tool> {
  const isPublic = discovery.cacheScope === "public";
  const facts = {
    tools: Object.freeze([...discovery.tools]),
    fetchedAt,
    expiresAt: fetchedAt + terms.ttlMs,
    ttlSource: terms.ttlSource,
    policy: terms.policy,
    problems: discovery.problems === undefined ? NO_TOOLS : Object.freeze([...discovery.problems]),
  };
  return {
    server: key.server,
    session: isPublic ? undefined : key.session,
    slot: isPublic ? key.publicSlot : key.privateSlot,
    fetchedAt,
    ttlMs: terms.ttlMs,
    policy: terms.policy,
    bytes,
    fresh: Object.freeze({ ...facts, origin: "fresh" as const }),
    stale: Object.freeze({ ...facts, origin: "stale" as const }),
    cold: Object.freeze({ ...facts, origin: "cold" as const }),
    doubt: "none",
  };
}
