import type { Json } from "@pawl/core";
import type { SendOptions } from "@pawl/host";
import { z } from "zod";
import { jsonValue } from "./outcome.ts";

const name = z.string().min(1).max(200);

const partSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({ type: z.literal("structured"), value: jsonValue }),
]);

/** The body of `POST /v1/sessions/:id/inputs`. */
export const inputBodySchema = z.strictObject({
  content: z.union([z.string().min(1), z.array(partSchema).min(1)], {
    error: "must be a non-empty string, or a list of {type: text, text} and {type: structured, value}",
  }),
  delivery: z.enum(["next", "steer", "interrupt"]).optional(),
  idempotency_key: name.optional(),
  /** Not before this time, milliseconds since the epoch. */
  at: z.number().int().nonnegative().optional(),
  agent: name.optional(),
  model: name.optional(),
  environment: jsonValue.optional(),
  /** Names of tools whose calls need somebody's approval in this turn. */
  ask: z.array(name).max(100).optional(),
});

export type InputBody = z.infer<typeof inputBodySchema>;

export const acceptedSchema = z.object({
  session_id: z.string(),
  turn_id: z.string(),
  input: z.object({
    delivery: z.string(),
    idempotency_key: z.string().optional(),
    at: z.number().optional(),
  }),
});

export type WireAccepted = z.infer<typeof acceptedSchema>;

export function sendOptionsOf(body: InputBody): SendOptions {
  const { delivery, idempotency_key: idempotencyKey, at, agent, model, environment, ask } = body;
  return {
    ...(delivery !== undefined && { delivery }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(at !== undefined && { at }),
    ...(agent !== undefined && { agent }),
    ...(model !== undefined && { model }),
    ...(environment !== undefined && { environment: environment as Json }),
    ...(ask !== undefined && { ask }),
  };
}

export function wireAccepted(sessionId: string, turnId: string, body: InputBody): WireAccepted {
  return {
    session_id: sessionId,
    turn_id: turnId,
    input: {
      delivery: body.delivery ?? "next",
      ...(body.idempotency_key !== undefined && { idempotency_key: body.idempotency_key }),
      ...(body.at !== undefined && { at: body.at }),
    },
  };
}
