/** Identifies one server's list as one session sees it. */
export interface DiscoveryKey {
  readonly session: string;
  /** Sanitised server name. */
  readonly server: string;
  /** Slot of a list that only this session and principal may see. */
  readonly privateSlot: string;
  /** Slot of a list that the server declared public: the same configuration, any session, any principal. */
  readonly publicSlot: string;
}

export interface KeyParts {
  readonly session: string;
  readonly server: string;
  /** Fingerprint of what reaches the server: command or URL, header names and value hashes, protocol mode. */
  readonly configuration: string;
  /** Fingerprint of whose list it is: an authenticated subject, else the credential's hash. Absent: nobody in particular. */
  readonly principal?: string | undefined;
}

/**
 * Builds a key. Its slots are unambiguous (parts are quoted as JSON) and disjoint, so that a private list can never
 * land in the public slot. Parts must be fingerprints, never secrets: keys may be printed.
 */
export function discoveryKey(parts: KeyParts): DiscoveryKey {
  const { session, server, configuration, principal } = parts;
  return Object.freeze({
    session,
    server,
    privateSlot: JSON.stringify(["private", session, server, configuration, principal ?? null]),
    publicSlot: JSON.stringify(["public", server, configuration]),
  });
}

/** A short fingerprint (128 bits of SHA-256, hex) of JSON-like data with sorted keys. What was hashed cannot be read back. */
export async function fingerprint(value: unknown): Promise<string> {
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text ?? "undefined"));
  return Array.from(new Uint8Array(digest, 0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
