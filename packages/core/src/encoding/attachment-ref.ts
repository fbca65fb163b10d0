import type { BytesDigest } from "./digest.ts";

/** Largest attachment, in bytes. */
export const MAX_ATTACHMENT_BYTES = 64 * 1024 * 1024;

/** What names content everywhere: `sha256:<lower-case hex>` of its bytes. */
export function attachmentRef(content: Uint8Array, digest: BytesDigest): string {
  return `sha256:${digest(content)}`;
}
