import { ownerOfSession, type SessionOwner, sessionId, sessionPrefix } from "@pawl/core";
import { OPERATOR } from "../tokens/token.ts";

/** One name for a principal and its tenant: `alice`, or `acme:alice`, and never the same for two. */
export function wireId(principal: SessionOwner): string {
  return sessionPrefix(principal).slice(1, -1);
}

/** Whose it is; undefined for the operator's. */
export function ownerOfWireId(id: string): SessionOwner | undefined {
  return id === OPERATOR ? undefined : ownerOfSession(sessionId(`@${id}/_`));
}
