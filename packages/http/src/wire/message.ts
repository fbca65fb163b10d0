import type { Message, Part } from "@pawl/core";
import { z } from "zod";
import { jsonValue } from "./outcome.ts";

const partSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("reasoning"), text: z.string() }),
  z.object({
    type: z.literal("tool_call"),
    call_id: z.string(),
    name: z.string(),
    input: jsonValue,
    malformed: z.literal(true).optional(),
  }),
  z.object({
    type: z.literal("tool_result"),
    call_id: z.string(),
    name: z.string(),
    status: z.string(),
    output: jsonValue,
  }),
  z.object({
    type: z.enum(["file", "image"]),
    ref: z.string(),
    media_type: z.string(),
    bytes: z.number(),
    name: z.string().optional(),
  }),
  z.object({ type: z.literal("structured"), value: jsonValue }),
]);

export const messageSchema = z.object({
  id: z.string(),
  role: z.enum(["user", "assistant", "tool"]),
  parts: z.array(partSchema),
});

export type WirePart = z.infer<typeof partSchema>;
export type WireMessage = z.infer<typeof messageSchema>;

/** A message of the transcript. Facts that only its model's provider understands stay inside. */
export function wireMessage({ id, role, parts }: Message): WireMessage {
  return { id, role, parts: parts.map(wirePart) };
}

function wirePart(part: Part): WirePart {
  switch (part.type) {
    case "text":
    case "reasoning":
      return { type: part.type, text: part.text };
    case "tool_call":
      return {
        type: part.type,
        call_id: part.callId,
        name: part.name,
        input: part.input,
        ...(part.malformed && { malformed: true }),
      };
    case "tool_result": {
      const { type, callId, name, status, output } = part;
      return { type, call_id: callId, name, status, output };
    }
    case "file":
    case "image": {
      const { type, ref, mediaType, bytes, name } = part;
      return { type, ref, media_type: mediaType, bytes, ...(name !== undefined && { name }) };
    }
    case "structured":
      return { type: part.type, value: part.value };
  }
}
