import type { SessionRecord } from "@pawl/core/ports";
import { z } from "zod";
import { deadLetterSchema } from "./dead-letter.ts";
import { messageSchema } from "./message.ts";

export const sessionSchema = z.object({
  session_id: z.string(),
  runtime_state: z.string(),
  revision: z.number(),
  message_count: z.number(),
  open_turn: z.string().nullable(),
  parked: z.boolean(),
  blocked: z.object({ code: z.string(), message: z.string() }).nullable(),
  last_digest: z.string().nullable(),
  created_at: z.number(),
});

export const sessionsSchema = z.object({ sessions: z.array(sessionSchema) });
export const sessionWithTranscriptSchema = sessionSchema.extend({
  transcript: z.array(messageSchema),
  /** What followed from its commits and could not be delivered. */
  dead_letters: z.array(deadLetterSchema),
});

export type WireSession = z.infer<typeof sessionSchema>;

export function wireSession(record: SessionRecord): WireSession {
  return {
    session_id: record.sessionId,
    runtime_state: record.runtimeState,
    revision: record.revision,
    message_count: record.messageCount,
    open_turn: record.openTurn,
    parked: record.parked,
    blocked: record.blocked && { code: record.blocked.code, message: record.blocked.message },
    last_digest: record.lastDigest,
    created_at: record.createdAt,
  };
}
