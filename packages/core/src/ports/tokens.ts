import type { SessionOwner } from "../session-owner.ts";

/** Who may come in with a token, and what for. */
export interface TokenGrant extends SessionOwner {
  /** What the token may be used for; absent: everything that its principal may do. */
  readonly scopes?: readonly string[];
}

export interface NewToken extends TokenGrant {
  /** Names the token in lists; no secret. */
  readonly tokenId: string;
  /** SHA-256 of the token, lower-case hex. The token itself is nowhere. */
  readonly digest: string;
  /** How long it is valid, in milliseconds from now by the store's clock; absent: until it is revoked. */
  readonly ttlMs?: number;
}

export interface TokenRecord extends TokenGrant {
  readonly tokenId: string;
  /** Milliseconds since the epoch by the store's clock. */
  readonly createdAt: number;
  /** Not valid from this time on; null: it does not expire. */
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

/** Tokens that let principals in. The store's clock decides what has expired. */
export interface Tokens {
  /** The same again is the first. @throws PawlError `store_conflict` when the id or the digest is taken, `not_storable` */
  create(token: NewToken): Promise<TokenRecord>;
  /** The token of this digest while it is valid; null for one that is unknown, expired or revoked. */
  find(digest: string): Promise<TokenRecord | null>;
  /** Newest first, also those that are not valid any more. */
  list(query: { readonly limit: number }): Promise<readonly TokenRecord[]>;
  /** It lets nobody in from now on. The first revocation stays. Null when there is no such token. */
  revoke(tokenId: string): Promise<TokenRecord | null>;
}
