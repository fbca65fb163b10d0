import { PawlError } from "./errors.ts";
import { type SessionId, sessionId } from "./ids.ts";

/**
 * Who a session belongs to. It is part of the session's id: `@alice/s1` is Alice's session `s1`, `@acme:alice/s1` the one of Alice
 * of the tenant `acme`; an id without it belongs to nobody in particular. So ownership is as durable and as final as the id, two
 * owners may both have an `s1`, and nobody can learn from a name whether somebody else uses it.
 */
export interface SessionOwner {
  readonly principal: string;
  readonly tenant?: string;
}

/** In UTF-16 code units of the prefix: half of an id is left for the session's own name. */
const MAX_PREFIX = 100;

/**
 * What the ids of all sessions of this owner begin with, and those of nobody else.
 * @throws PawlError `invalid_principal` for a name that is blank, too long or not text
 */
export function sessionPrefix({ principal, tenant }: SessionOwner): string {
  const prefix = `@${tenant === undefined ? "" : `${encode(tenant, "tenant")}:`}${encode(principal, "principal")}/`;
  if (prefix.length <= MAX_PREFIX) return prefix;
  throw new PawlError(
    "invalid_principal",
    "The names of a principal and its tenant are too long: shorten them.",
  );
}

/** @throws PawlError `invalid_principal`, `invalid_id` */
export function ownedSessionId(owner: SessionOwner, name: string): SessionId {
  return sessionId(sessionPrefix(owner) + sessionId(name));
}

/** Undefined for a session that belongs to nobody in particular. */
export function ownerOfSession(id: SessionId): SessionOwner | undefined {
  const [, tenant, principal] = OWNED.exec(id) ?? [];
  if (principal === undefined) return undefined;
  try {
    const owner = {
      principal: decodeURIComponent(principal),
      ...(tenant !== undefined && { tenant: decodeURIComponent(tenant) }),
    };
    // Only what was encoded here is an owner.
    return id.startsWith(sessionPrefix(owner)) ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** What its owner calls the session. */
export function sessionName(id: SessionId): string {
  const owner = ownerOfSession(id);
  return owner === undefined ? id : id.slice(sessionPrefix(owner).length);
}

/** The session of this name that belongs to whoever owns `beside`: for sessions that another one begins. */
export function sessionBeside(beside: SessionId, name: string): SessionId {
  const owner = ownerOfSession(beside);
  return owner === undefined ? sessionId(name) : ownedSessionId(owner, name);
}

const OWNED = /^@(?:([^:/]+):)?([^:/]+)\/./su;

function encode(name: string, what: string): string {
  if (name.trim() === "" || !name.isWellFormed() || /\p{Cc}/u.test(name)) {
    throw new PawlError(
      "invalid_principal",
      `The name of a ${what} must be text that can be shown, and not blank.`,
    );
  }
  // Mail addresses are common names, and stay readable.
  return encodeURIComponent(name).replaceAll("%40", "@");
}
