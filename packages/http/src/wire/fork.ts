import type { ForkTurnOptions } from "@pawl/host";
import { z } from "zod";

const name = z.string().min(1).max(200);

/** The body of `POST /v1/turns/:id/fork`. */
export const forkBodySchema = z.strictObject({
  /** The last ordinal that is shared; 0 is what began the turn. */
  at: z.number().int().nonnegative(),
  /** In place of what began the turn; only with `at: 0`. */
  prompt: z.string().min(1).optional(),
  /** Perform what may change the world. */
  live: z.boolean().optional(),
  /** Of the session that the fork begins; made up when absent. */
  session_id: name.optional(),
  idempotency_key: name.optional(),
});

export type ForkBody = z.infer<typeof forkBodySchema>;

export const forkedSchema = z.object({
  session_id: z.string(),
  turn_id: z.string(),
  fork_of: z.object({ turn_id: z.string(), at: z.number() }),
  live: z.boolean(),
});

export type WireForked = z.infer<typeof forkedSchema>;

export function forkOptionsOf(body: ForkBody): ForkTurnOptions {
  const { at, prompt, live, session_id: sessionId, idempotency_key: idempotencyKey } = body;
  return {
    at,
    ...(prompt !== undefined && { prompt }),
    ...(live !== undefined && { live }),
    ...(sessionId !== undefined && { sessionId }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
}
