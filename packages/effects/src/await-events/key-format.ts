import { canonicalJson } from "@pawl/core";
import type { AwaitEventKey } from "./await-events.ts";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";

/** `pwk1.<canonical JSON, base64url>.<signature>`: fits a URL's path, and says which format it is. */
const PREFIX = "pwk1";
/** Longest text that is looked at, in characters: a key is some hundred. */
const MAX_LENGTH = 4_096;

export function formatKey({ signature, ...unsigned }: AwaitEventKey): string {
  const body = encodeBase64url(new TextEncoder().encode(canonicalJson(unsigned)));
  return `${PREFIX}.${body}.${signature}`;
}

/** The key that a text claims to be, not verified; undefined for any other text, also for other encodings of a key. */
export function parseKey(text: string): AwaitEventKey | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [prefix, body, signature, ...rest] = text.split(".");
  if (prefix !== PREFIX || body === undefined || signature === undefined || rest.length > 0) return undefined;
  const bytes = decodeBase64url(body);
  if (bytes === undefined || decodeBase64url(signature) === undefined) return undefined;
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const unsigned: unknown = JSON.parse(json);
    // Only the canonical text: an equal value written otherwise is not the key that was handed out.
    if (!isKey(unsigned) || canonicalJson(unsigned) !== json) return undefined;
    return { ...unsigned, signature };
  } catch {
    return undefined;
  }
}

function isKey(value: unknown): value is Omit<AwaitEventKey, "signature"> {
  if (typeof value !== "object" || value === null) return false;
  const { scope, wait, keyId, secretId } = value as Record<string, unknown>;
  return typeof keyId === "string" && typeof secretId === "string" && hasType(scope) && hasType(wait);
}

function hasType(value: unknown): boolean {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
