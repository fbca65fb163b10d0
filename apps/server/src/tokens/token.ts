import { createHash, randomBytes } from "node:crypto";

/** What a token may be used for: looking, sending and cancelling, answering, reading /metrics. */
export const SCOPES = ["read", "write", "approve", "metrics"] as const;

export type TokenScope = (typeof SCOPES)[number];

/** Whoever looks after the server: sees all sessions, and is not limited. */
export const OPERATOR = "operator";

const PREFIX = "pawl_";
const SECRET_BYTES = 32;

/** 256 random bits. The prefix lets people and secret scanners see what it is. */
export function makeToken(): { readonly tokenId: string; readonly token: string } {
  return {
    tokenId: `tok_${randomBytes(8).toString("hex")}`,
    token: `${PREFIX}${randomBytes(SECRET_BYTES).toString("base64url")}`,
  };
}

/** Whether it may be one of ours: what is not is refused without asking the store. */
export function looksLikeToken(text: string): boolean {
  return /^pawl_[A-Za-z0-9_-]{43}$/.test(text);
}

/**
 * What is stored, lower-case hex. A plain hash is enough for 256 random bits, and looking it up cannot be timed: a digest cannot be
 * approached byte by byte.
 */
export function tokenDigest(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
