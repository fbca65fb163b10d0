import type { BytesDigest } from "../encoding/digest.ts";

/** What is left of an id that was erased: SHA-256 of what it names and itself, lower-case hex. It is taken for ever. */
export function tombstoneOf(what: "session" | "input" | "turn", id: string, digest: BytesDigest): string {
  return digest(new TextEncoder().encode(`${what}:${id}`));
}
