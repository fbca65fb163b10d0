import type { z } from "zod";
import { ArcpError } from "../errors.ts";
import { ARCP_VERSION, type Envelope, envelopeSchema } from "./envelope.ts";
import { defaultFrameLimits, type FrameLimits } from "./frame-limits.ts";
import { exceedsDepth } from "./nesting-depth.ts";

/**
 * A decoded frame, or why it is none. A refusal names the frame's `id`, `trace_id` and `job_id` as far as they
 * could be read, so that the answer can name its request.
 */
export type DecodedFrame =
  | { ok: true; envelope: Envelope }
  | { ok: false; error: ArcpError; id?: string; traceId?: string; jobId?: string };

const optionalFields = ["session_id", "trace_id", "job_id", "event_seq", "extensions"] as const;

/**
 * Reads one frame. Never throws: bytes from outside are data. Binary frames are refused, since the only
 * encoding is `json` in text frames. `null` in an optional field counts as absent, as several SDKs write it so.
 */
export function decodeFrame(
  frame: string | Uint8Array,
  limits: FrameLimits = defaultFrameLimits,
): DecodedFrame {
  if (typeof frame !== "string") {
    return refuse(
      "binary frames are not part of ARCP over this transport; send one JSON object per text frame",
    );
  }
  if (frame.length > limits.maxFrameLength) {
    return refuse(`the frame has ${frame.length} characters; at most ${limits.maxFrameLength} are accepted`);
  }
  if (exceedsDepth(frame, limits.maxDepth)) {
    return refuse(`the frame nests deeper than ${limits.maxDepth} levels; flatten the payload`);
  }
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch (cause) {
    return refuse("the frame is not valid JSON", undefined, cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse("the frame is not a JSON object; send an envelope");
  }
  return decodeValue(value as Record<string, unknown>);
}

function decodeValue(value: Record<string, unknown>): DecodedFrame {
  for (const field of optionalFields) if (value[field] === null) delete value[field];
  if (value.payload === undefined || value.payload === null) value.payload = {};
  const parsed = envelopeSchema.safeParse(value);
  if (parsed.success) return { ok: true, envelope: parsed.data as Envelope };
  if (typeof value.arcp === "string" && value.arcp !== ARCP_VERSION) {
    return refuse(`this peer speaks ARCP ${ARCP_VERSION} only; set "arcp": "${ARCP_VERSION}"`, value);
  }
  return refuse(`malformed envelope: ${explain(parsed.error)}`, value);
}

/** The paths and reasons of a schema error in one line, without echoing any value. */
export function explain(error: z.core.$ZodError): string {
  const issues = error.issues.slice(0, 3).map((issue) => {
    const path = issue.path.map(String).join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
  return issues.join("; ");
}

function refuse(message: string, value?: Record<string, unknown>, cause?: unknown): DecodedFrame {
  const error = new ArcpError("INVALID_REQUEST", message, cause === undefined ? {} : { cause });
  return {
    ok: false,
    error,
    ...named("id", value?.id),
    ...named("traceId", value?.trace_id),
    ...named("jobId", value?.job_id),
  };
}

function named<Key extends string>(key: Key, value: unknown): { [K in Key]?: string } {
  const usable = typeof value === "string" && value !== "" && value.length <= 256;
  return (usable ? { [key]: value } : {}) as { [K in Key]?: string };
}
