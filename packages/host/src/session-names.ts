import {
  ownedSessionId,
  type SessionId,
  type SessionOwner,
  sessionId,
  sessionName,
  sessionPrefix,
} from "@pawl/core";

/** What one caller calls sessions, and which of them there are for it. */
export interface SessionNames {
  /** For queries of stores; undefined: all sessions. */
  readonly owner: SessionOwner | undefined;
  /** @throws PawlError `invalid_id` */
  stored(name: string): SessionId;
  shown(id: SessionId): SessionId;
  /** What belongs to no session is there only for whoever sees all. */
  sees(id: SessionId | null): boolean;
}

/** Of whoever runs the host: every session, by its whole id. */
export const ALL_SESSIONS: SessionNames = {
  owner: undefined,
  stored: sessionId,
  shown: (id) => id,
  sees: () => true,
};

/** Of one owner: its own sessions, by their names. @throws PawlError `invalid_principal` */
export function namesOf(owner: SessionOwner): SessionNames {
  const { principal, tenant } = owner;
  const own: SessionOwner = { principal, ...(tenant !== undefined && { tenant }) };
  const prefix = sessionPrefix(own);
  return {
    owner: own,
    stored: (name) => ownedSessionId(own, name),
    shown: (id) => sessionId(sessionName(id)),
    sees: (id) => id?.startsWith(prefix) ?? false,
  };
}
