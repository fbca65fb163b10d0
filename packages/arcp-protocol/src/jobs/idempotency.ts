import { canonicalJson } from "../envelope/canonical-json.ts";
import type { PayloadOf } from "../messages/message.ts";

/**
 * What makes two submissions "identical parameters" (section 7.2): everything but the key, in canonical JSON.
 * Absent and null count as the same; a submission is compared as it was sent, before defaults are filled in.
 */
export function submissionFingerprint(payload: PayloadOf<"job.submit">): string {
  const { idempotency_key: _, ...parameters } = payload;
  const present = Object.entries(parameters).filter(([name, value]) => value !== null || name === "input");
  return canonicalJson(Object.fromEntries(present));
}

export type IdempotencyVerdict = "first" | "same" | "conflict";

export function judgeSubmission(stored: string | undefined, fingerprint: string): IdempotencyVerdict {
  if (stored === undefined) return "first";
  return stored === fingerprint ? "same" : "conflict";
}
