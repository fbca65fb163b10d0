/** What the runtime knows of a session that somebody wants to resume. */
export interface ResumableSession {
  principal: string;
  /** Hash of the newest resume token. */
  tokenHash: string;
  /** The last number of its stream, and the oldest that can still be replayed. */
  lastEventSeq: number;
  retainedFrom: number;
  /** Milliseconds; undefined while a connection is attached. */
  expiresAt: number | undefined;
}

export interface ResumeClaim {
  principal: string;
  tokenHash: string;
  lastEventSeq: number;
  now: number;
}

export type ResumeRefusal =
  | "unknown_session"
  | "wrong_principal"
  | "stale_token"
  | "window_passed"
  | "ahead_of_stream"
  | "evicted";

/**
 * Whether a resume may go on. All refusals look the same on the wire (RESUME_WINDOW_EXPIRED), so that a stolen
 * or guessed token learns nothing; the reason is for the audit log only.
 */
export function decideResume(
  session: ResumableSession | undefined,
  claim: ResumeClaim,
): "resume" | ResumeRefusal {
  if (session === undefined) return "unknown_session";
  if (session.principal !== claim.principal) return "wrong_principal";
  if (!sameText(session.tokenHash, claim.tokenHash)) return "stale_token";
  if (session.expiresAt !== undefined && claim.now >= session.expiresAt) return "window_passed";
  if (claim.lastEventSeq > session.lastEventSeq) return "ahead_of_stream";
  if (claim.lastEventSeq + 1 < session.retainedFrom) return "evicted";
  return "resume";
}

/** Compares hashes in time that does not depend on where they differ. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at++)
    difference |= a.charCodeAt(at) ^ b.charCodeAt(at % Math.max(1, b.length));
  return difference === 0;
}
