import { isPawlError, PawlError } from "@pawl/core";
import type { Leases, Logger, Release, SessionClaim } from "@pawl/core/ports";
import type { SessionLane } from "./session-lane.ts";

/** Trying again does not mend these: the turn is blocked until somebody brings the right code, or cancels it (D7). */
const UNREADABLE: readonly string[] = ["store_corrupt_row", "nondeterminism_detected"];

const RETRY_BASE_MS = 250;
const RETRY_MAX_MS = 30_000;

export function isUnreadable(thrown: unknown): boolean {
  return UNREADABLE.some((code) => isPawlError(thrown, code));
}

/** Nothing may be under way when the session is given away (D2). */
export async function leaveSession(leases: Leases, lane: SessionLane, how: Release): Promise<Release> {
  if (!lane.tripped) await lane.exclusive(async () => ({ used: 0, value: undefined }));
  const left = await leases.release(lane.fence, how);
  // Something was resolved while the turn was being parked (D16): whoever claims it next looks again, at once.
  if (!left) await leases.release(lane.fence, { type: "retry", delayMs: 0 });
  return how;
}

/** The session is tried again later, ever later; or it is blocked when that would not help. */
export async function leaveAfterFailure(
  leases: Leases,
  claim: SessionClaim,
  cause: unknown,
  logger: Logger,
): Promise<Release> {
  const { code, message } = PawlError.from(cause);
  const delayMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** Math.min(claim.attempts, 10));
  logger.warn("a drive failed and is tried again", { sessionId: claim.sessionId, code, message, delayMs });
  const how: Release = UNREADABLE.includes(code)
    ? { type: "blocked", code, message }
    : { type: "retry", delayMs };
  await leases.release(claim.fence, how);
  return how;
}
