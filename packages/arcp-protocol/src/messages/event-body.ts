import { z } from "zod";

const text = z.string();
const finite = z.number();

/** The error inside a `tool_result`. */
const toolErrorSchema = z.looseObject({
  code: text.min(1),
  message: text.min(1),
  retryable: z.boolean(),
});

/**
 * The bodies of section 8.2, by kind. Unknown kinds (and every `x-vendor.*` kind) pass through unchecked.
 * `metric.dimensions` is also written `dims` by some peers; both are kept as they came.
 */
export const eventBodySchemas = {
  log: z.looseObject({ level: text.min(1), message: text }),
  thought: z.looseObject({ text }),
  tool_call: z.looseObject({ tool: text.min(1), args: z.unknown(), call_id: text.min(1) }),
  tool_result: z
    .looseObject({ call_id: text.min(1), result: z.unknown().optional(), error: toolErrorSchema.optional() })
    .refine((body) => !(body.error !== undefined && body.result !== undefined), {
      message: "a tool_result has a result or an error, not both",
    }),
  status: z.looseObject({ phase: text.min(1), message: text.optional() }),
  metric: z.looseObject({
    name: text.min(1),
    value: finite,
    unit: text.optional(),
    dimensions: z.record(text, z.unknown()).optional(),
  }),
  artifact_ref: z.looseObject({
    uri: text.min(1),
    content_type: text.min(1),
    byte_size: z.int().nonnegative().optional(),
    sha256: text.optional(),
  }),
  delegate: z.looseObject({
    delegate_id: text.min(1).optional(),
    agent: text.min(1),
    child_job_id: text.optional(),
  }),
  progress: z.looseObject({
    current: finite.nonnegative(),
    total: finite.nonnegative().optional(),
    units: text.optional(),
    message: text.optional(),
  }),
  result_chunk: z.looseObject({
    result_id: text.min(1),
    chunk_seq: z.int().nonnegative(),
    data: text,
    encoding: z.enum(["utf8", "base64"]),
    more: z.boolean(),
  }),
} as const;

export type KnownEventKind = keyof typeof eventBodySchemas;

export const EVENT_KINDS = Object.keys(eventBodySchemas) as KnownEventKind[];

export function isKnownEventKind(kind: string): kind is KnownEventKind {
  return Object.hasOwn(eventBodySchemas, kind);
}

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "critical"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Bodies as agents write them and readers see them. */
export interface EventBodies {
  log: { level: string; message: string };
  thought: { text: string };
  tool_call: { tool: string; args: unknown; call_id: string };
  tool_result: {
    call_id: string;
    result?: unknown;
    error?: { code: string; message: string; retryable: boolean };
  };
  status: { phase: string; message?: string };
  metric: { name: string; value: number; unit?: string; dimensions?: Record<string, unknown> };
  artifact_ref: { uri: string; content_type: string; byte_size?: number; sha256?: string };
  delegate: {
    delegate_id?: string;
    agent: string;
    input?: unknown;
    lease_request?: Record<string, string[]>;
    lease_constraints?: { expires_at?: string };
    child_job_id?: string;
  };
  progress: { current: number; total?: number; units?: string; message?: string };
  result_chunk: {
    result_id: string;
    chunk_seq: number;
    data: string;
    encoding: "utf8" | "base64";
    more: boolean;
  };
}

/** One event: a union by `kind` for the kinds that 1.1 defines, plus everything that a vendor may add. */
export type JobEventPayload =
  | { [Kind in KnownEventKind]: { kind: Kind; ts: string; body: EventBodies[Kind] } }[KnownEventKind]
  | { kind: `x-${string}`; ts: string; body: Record<string, unknown> };
