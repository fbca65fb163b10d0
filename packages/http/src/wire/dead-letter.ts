import type { OutboxRecord } from "@pawl/core/ports";
import { z } from "zod";
import { jsonValue } from "./outcome.ts";

const facts = {
  id: z.string(),
  /** Whose commit made it. */
  session_id: z.string(),
  run_id: z.string(),
  attempts: z.number(),
  /** Of the last attempt. */
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Milliseconds since the epoch. */
  created_at: z.number(),
};

/** What followed from a commit and nobody tries again by itself. A union by `type`. */
export const deadLetterSchema = z.discriminatedUnion("type", [
  z.object({ ...facts, type: z.literal("message"), topic: z.string(), payload: jsonValue }),
  z.object({ ...facts, type: z.literal("input"), to_session_id: z.string(), input_id: z.string() }),
]);

export const deadLettersSchema = z.object({ dead_letters: z.array(deadLetterSchema) });

export const deadLetterSettledSchema = z.object({ id: z.string(), state: z.enum(["retried", "discarded"]) });

export type WireDeadLetter = z.infer<typeof deadLetterSchema>;
export type WireDeadLetterSettled = z.infer<typeof deadLetterSettledSchema>;

export function wireDeadLetter(record: OutboxRecord): WireDeadLetter {
  const { id, sessionId, runId, item, attempts, failure, createdAt } = record;
  const common = {
    id,
    session_id: sessionId,
    run_id: runId,
    attempts,
    failure: failure && { code: failure.code, message: failure.message },
    created_at: createdAt,
  };
  if (item.type === "message") {
    return { ...common, type: item.type, topic: item.topic, payload: item.payload };
  }
  const { sessionId: to, inputId } = item.input;
  return { ...common, type: item.type, to_session_id: to, input_id: inputId };
}
