import type { AuditEvent } from "@pawl/arcp-protocol/server";
import type { Logger } from "@pawl/core/ports";

const LINES: Readonly<Record<AuditEvent["type"], readonly ["debug" | "info" | "warn" | "error", string]>> = {
  session_opened: ["debug", "An ARCP session was opened."],
  session_resumed: ["debug", "An ARCP session was resumed."],
  subscribe: ["info", "Somebody asked to observe a job."],
  lease_expired: ["info", "A job's lease ran out."],
  authentication_failed: ["warn", "An ARCP connection showed a token that is not valid here."],
  resume_refused: ["warn", "An ARCP session could not be resumed."],
  session_fenced: ["warn", "An ARCP session is held by another process now, or could not be stored."],
  credential_revocation_failed: ["warn", "A credential could not be revoked yet."],
  credential_unrevocable: ["error", "A credential could not be revoked; revoke it at its upstream by hand."],
};

/** What the ARCP runtime wants to be found later, as lines of the log. No token and no payload is among it. */
export function logAudit(logger: Logger, event: AuditEvent): void {
  const { type, ...about } = event;
  const [level, sentence] = LINES[type];
  logger[level](sentence, "cause" in about ? { ...about, cause: reasonOf(about.cause) } : about);
}

function reasonOf(cause: unknown): string {
  return cause === undefined ? "" : cause instanceof Error ? cause.message : String(cause);
}
