import { randomBytes } from "node:crypto";
import type { Secrets } from "@pawl/core/ports";

/** A key of the keyring. */
export interface SigningKey {
  readonly id: string;
  /** At least 32 bytes. */
  readonly secret: Uint8Array;
}

/** The first signs, all verify: a new key is put in front, and an old one taken away when nothing signed by it lives. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

const EXAMPLE = "k1:$(openssl rand -base64 32)";

/** Reads `id:base64,id:base64`. @returns a sentence about what is wrong, which never contains the text. */
export function parseSigningKeys(text: string): SigningKeys | string {
  const keys: SigningKey[] = [];
  for (const entry of text.split(",")) {
    const [, id, encoded] = /^\s*([A-Za-z0-9_-]{1,64}):([A-Za-z0-9+/_-]+={0,2})\s*$/.exec(entry) ?? [];
    if (id === undefined || encoded === undefined)
      return `must be id:base64,id:base64; for example ${EXAMPLE}`;
    const secret = Buffer.from(encoded, "base64");
    if (secret.length < 32) return `must have keys of at least 32 bytes each; for example ${EXAMPLE}`;
    if (keys.some((key) => key.id === id)) return "must not have the same id twice";
    keys.push({ id, secret: new Uint8Array(secret) });
  }
  return keys as unknown as SigningKeys;
}

/** Under which the store keeps it. */
export const STORED_SECRET_NAME = "await-keys";

/**
 * Where nobody configured keys: one that all servers of the store share, made by the first that asks. A server that begins without any
 * configuration keeps it in its database, beside all else that is secret there; who wants more sets `PAWL_SECRET`.
 */
export function storedSecret(secrets: Secrets): Promise<string> {
  return secrets.loadOrCreate(STORED_SECRET_NAME, () => `k1:${randomBytes(32).toString("base64")}`);
}
