import { parseUtcTimestamp } from "../envelope/utc-timestamp.ts";
import { ArcpError } from "../errors.ts";
import type { LeaseConstraints } from "../messages/lease.ts";

/** How long after its expiry a live job is left to notice by itself before it is ended. */
export const DEFAULT_EXPIRY_GRACE_MS = 1000;

export interface LeaseExpiry {
  /** Milliseconds since the epoch. */
  at: number;
  /** As it was asked for: constraints are echoed word for word. */
  text: string;
}

/** Reads `expires_at`; undefined without one. INVALID_REQUEST when it is not UTC or not in the future. */
export function parseExpiry(
  constraints: LeaseConstraints | null | undefined,
  now: number,
): LeaseExpiry | undefined {
  const text = constraints?.expires_at;
  if (text === undefined || text === null) return undefined;
  const expiresAt = parseUtcTimestamp(text);
  if (expiresAt === undefined) {
    throw new ArcpError(
      "INVALID_REQUEST",
      "lease_constraints.expires_at must be ISO 8601 in UTC, ending in Z",
    );
  }
  if (expiresAt <= now) {
    throw new ArcpError("INVALID_REQUEST", "lease_constraints.expires_at must be in the future");
  }
  return { at: expiresAt, text };
}

/** An operation at or after the instant itself is too late. */
export function hasExpired(expiresAt: number | undefined, now: number): boolean {
  return expiresAt !== undefined && now >= expiresAt;
}
