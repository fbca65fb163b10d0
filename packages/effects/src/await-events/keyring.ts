import { PawlError } from "@pawl/core";

export interface Secret {
  /** Goes into every key that this secret signs: 1 to 32 of `[A-Za-z0-9_-]`. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Secrets by id. The first signs; all of them verify, so that a secret can be replaced while keys are out. */
export interface Keyring {
  readonly current: Secret;
  readonly all: readonly Secret[];
}

/** HMAC-SHA-256 gains nothing from more than its block, and less than its output weakens it (RFC 2104 §3). */
export const MIN_SECRET_BYTES = 32;

/** What a person runs to get a good secret. */
export const MAKE_SECRET_COMMAND = `node -e "console.log('k1:' + require('node:crypto').randomBytes(32).toString('base64'))"`;

/**
 * Reads `id:base64,id:base64,…`, the newest first.
 *
 * @throws PawlError `secret_invalid` (malformed, ids twice) or `secret_too_weak`; the message has the command that makes a good one
 */
export function parseKeyring(text: string): Keyring {
  return createKeyring(
    text.split(",").map((entry) => {
      const colon = entry.indexOf(":");
      if (colon < 1) throw invalid("a secret has the form id:base64");
      return { id: entry.slice(0, colon).trim(), bytes: decodeBase64(entry.slice(colon + 1).trim()) };
    }),
  );
}

/** @throws PawlError as `parseKeyring` */
export function createKeyring(secrets: readonly Secret[]): Keyring {
  const ids = new Set<string>();
  for (const secret of secrets) {
    if (!/^[A-Za-z0-9_-]{1,32}$/.test(secret.id))
      throw invalid("an id has 1 to 32 of A–Z, a–z, 0–9, _ and -");
    if (ids.has(secret.id)) throw invalid(`the id "${secret.id}" occurs twice`);
    if (secret.bytes.length < MIN_SECRET_BYTES || new Set(secret.bytes).size < 8) {
      throw new PawlError(
        "secret_too_weak",
        `The signing secret "${secret.id}" is too weak: use ${MIN_SECRET_BYTES} random bytes. Make one with: ${MAKE_SECRET_COMMAND}`,
      );
    }
    ids.add(secret.id);
  }
  const [current] = secrets;
  if (current === undefined) throw invalid("there is none");
  return { current, all: secrets };
}

function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  } catch {
    throw invalid("what follows the id must be base64");
  }
}

function invalid(why: string): PawlError {
  return new PawlError(
    "secret_invalid",
    `The signing secrets cannot be read: ${why}. Make one with: ${MAKE_SECRET_COMMAND}`,
  );
}
