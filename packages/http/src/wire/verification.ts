import type { SessionVerification } from "@pawl/host";
import { z } from "zod";

export const verificationSchema = z.object({
  session_id: z.string(),
  intact: z.boolean(),
  receipts: z.number(),
  messages: z.number(),
  /** The last receipt's digest. */
  head: z.string().nullable(),
  /** The first link that does not hold. */
  broken: z
    .object({
      index: z.number(),
      turn_id: z.string().nullable(),
      part: z.enum(["link", "input", "receipt", "messages", "head", "anchor"]),
      message: z.string(),
    })
    .nullable(),
  /** When the session was erased; then only the chain of digests is left. */
  erased_at: z.number().nullable(),
});

export type WireVerification = z.infer<typeof verificationSchema>;

export function wireVerification(verification: SessionVerification): WireVerification {
  const { sessionId, intact, receipts, messages, head, broken, erasedAt } = verification;
  return {
    session_id: sessionId,
    intact,
    receipts,
    messages,
    head,
    broken: broken && {
      index: broken.index,
      turn_id: broken.turnId,
      part: broken.part,
      message: broken.message,
    },
    erased_at: erasedAt,
  };
}
