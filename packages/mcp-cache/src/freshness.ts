/** Where a list's time to live came from, most authoritative first. */
export type TtlSource = "server" | "config" | "default";

/**
 * What is done with a stale list. `swr`: it is used at once and refreshed in the background. `strict`: it is fetched
 * again before use, and used only when that fails. `auto` (the default) is `strict` for servers that say how long
 * their list may be kept and `swr` for those that do not: only the former promised anything.
 */
export type Policy = "swr" | "strict";
export type PolicyChoice = Policy | "auto";

/** Longest time to live that a server may ask for: one day. A list must not outlive a leaked or hijacked server by more. */
export const MAX_TTL_MS = 86_400_000;

/** Clock steps up to this far back are noise; beyond it a timestamp from the future makes an entry worthless. */
export const MAX_SKEW_MS = 300_000;

export interface Terms {
  readonly ttlMs: number;
  readonly ttlSource: TtlSource;
  readonly policy: Policy;
}

export interface TermsInput {
  /** The server's own hint (`ttlMs` of MCP 2026-07-28); negative or not a number counts as 0. */
  readonly serverTtlMs?: number | undefined;
  /** What the host configured for this server. */
  readonly configTtlMs?: number | undefined;
  readonly defaultTtlMs: number;
  readonly policy: PolicyChoice;
}

/** The terms under which a fetched list is kept: the server's hint, else configuration, else the default. */
export function termsOf(input: TermsInput): Terms {
  const { serverTtlMs, configTtlMs, defaultTtlMs, policy } = input;
  if (serverTtlMs !== undefined) {
    const ttlMs = serverTtlMs > 0 ? Math.min(serverTtlMs, MAX_TTL_MS) : 0;
    return { ttlMs, ttlSource: "server", policy: policy === "auto" ? "strict" : policy };
  }
  const swr = policy === "auto" ? "swr" : policy;
  if (configTtlMs !== undefined) return { ttlMs: Math.max(0, configTtlMs), ttlSource: "config", policy: swr };
  return { ttlMs: defaultTtlMs, ttlSource: "default", policy: swr };
}

/**
 * Why an entry is no longer to be trusted before its time: `changed` (the server said so: what we hold is known to
 * be wrong) or `suspect` (a connection was lost, so a notice may have been missed).
 */
export type Doubt = "none" | "suspect" | "changed";

export type Freshness = "fresh" | "stale" | "cold";

/**
 * Pure: whether a stale list is used while it is refreshed, instead of being fetched first. What is known to be wrong
 * never is; what is merely suspect, within its time, always is.
 */
export function mayServeStale(
  entry: {
    readonly fetchedAt: number;
    readonly ttlMs: number;
    readonly policy: Policy;
    readonly doubt: Doubt;
  },
  now: number,
): boolean {
  if (entry.doubt === "changed") return false;
  return entry.policy === "swr" || now - entry.fetchedAt < entry.ttlMs;
}

/**
 * Pure: the freshness of a list at `now`. Fresh while `age < ttl` (an age equal to the time to live is stale), stale
 * until `age` reaches `maxStaleMs`, and cold from then on, as if it had never been fetched.
 */
export function freshnessOf(
  entry: { readonly fetchedAt: number; readonly ttlMs: number; readonly doubt: Doubt },
  now: number,
  maxStaleMs: number,
): Freshness {
  const age = now - entry.fetchedAt;
  if (age < -MAX_SKEW_MS) return "cold";
  if (age < entry.ttlMs) return entry.doubt === "none" ? "fresh" : "stale";
  return age < maxStaleMs ? "stale" : "cold";
}
