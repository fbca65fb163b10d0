import type { Json } from "@pawl/core";
import type { InputRecord } from "@pawl/core/ports";
import { jsonSchema, type SendContent, type SendOptions } from "@pawl/host";
import { z } from "zod";
import { httpError } from "../errors.ts";
import { limitsBodySchema, limitsOf } from "./limits.ts";
import { jsonValue } from "./outcome.ts";

const name = z.string().min(1).max(200);

/** A file: by the `ref` of an upload, or for small ones with its bytes. */
const fileShape = {
  media_type: z.string().min(1).max(200),
  ref: z.string().max(100).optional(),
  /** Base64. */
  data: z.base64().optional(),
  name: name.optional(),
};

const partSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({ type: z.literal("structured"), value: jsonValue }),
  z.strictObject({ type: z.literal("file"), ...fileShape }),
  z.strictObject({ type: z.literal("image"), ...fileShape }),
]);

/** The body of `POST /v1/sessions/:id/inputs`. */
export const inputBodySchema = z.strictObject({
  content: z.union([z.string().min(1), z.array(partSchema).min(1)], {
    error:
      "must be a non-empty string, or a list of {type: text, text}, {type: structured, value} and {type: file | image, media_type, ref | data}",
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
  /** The only tools that the turn and its agents may use. */
  grant: z.strictObject({ tools: z.array(name).max(1_000) }).optional(),
  limits: limitsBodySchema.optional(),
  /** JSON Schema of the answer. */
  output_schema: z.record(z.string(), jsonValue).optional(),
});

export type InputBody = z.infer<typeof inputBodySchema>;

/** Where an input is: what was sent, and what became of it. */
export const inputStatusSchema = z.object({
  id: z.string(),
  delivery: z.string(),
  /** `queued`, `staged` in a turn, `consumed` by one, and the rarer states. */
  state: z.string(),
  /** Order of admission in the session, from 1. */
  position: z.number(),
  /** The turn that it began or entered; null while it is to enter one. */
  turn_id: z.string().nullable(),
  accepted_at: z.number(),
  idempotency_key: z.string().optional(),
  at: z.number().optional(),
});

export type WireInputStatus = z.infer<typeof inputStatusSchema>;

export const acceptedSchema = z.object({
  session_id: z.string(),
  turn_id: z.string(),
  input: inputStatusSchema,
});

export type WireAccepted = z.infer<typeof acceptedSchema>;

export function sendOptionsOf(body: InputBody): SendOptions {
  const { delivery, idempotency_key: idempotencyKey, at, agent, model, environment, ask, grant } = body;
  const { output_schema: schema, limits } = body;
  return {
    ...(delivery !== undefined && { delivery }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(at !== undefined && { at }),
    ...(agent !== undefined && { agent }),
    ...(model !== undefined && { model }),
    ...(environment !== undefined && { environment: environment as Json }),
    ...(ask !== undefined && { ask }),
    ...(grant !== undefined && { grant }),
    ...(limits !== undefined && { narrow: limitsOf(limits) }),
    ...(schema !== undefined && { output: jsonSchema(schema) }),
  };
}

export function wireInputStatus(input: InputRecord): WireInputStatus {
  const { inputId, delivery, state, position, turnId, acceptedAt, idempotencyKey, at } = input;
  return {
    id: inputId,
    delivery,
    state,
    position,
    turn_id: turnId,
    accepted_at: acceptedAt,
    ...(idempotencyKey !== undefined && { idempotency_key: idempotencyKey }),
    ...(at !== undefined && { at }),
  };
}

/** @throws PawlError `body_invalid` for a file without content */
export function contentOf({ content }: InputBody): SendContent {
  if (typeof content === "string") return content;
  return content.map((part) => {
    if (part.type !== "file" && part.type !== "image") return part;
    const { type, media_type: mediaType, ref, data, name } = part;
    const file = { type, mediaType, ...(name !== undefined && { name }) };
    // The size is looked up.
    if (ref !== undefined) return { ...file, ref, bytes: 0 };
    if (data !== undefined) return { ...file, data: bytesOf(data) };
    throw httpError("body_invalid", "A file needs the ref of an upload, or its bytes as data in base64.");
  });
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

export function wireAccepted(sessionId: string, turnId: string, input: InputRecord): WireAccepted {
  return { session_id: sessionId, turn_id: turnId, input: wireInputStatus(input) };
}
