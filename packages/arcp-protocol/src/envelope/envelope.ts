import { z } from "zod";

/** The only protocol version that this package speaks. */
export const ARCP_VERSION = "1.1";

/** Longest id, type or trace id that is accepted, in UTF-16 units. Ours are under 64; the rest is courtesy. */
const MAX_NAME_LENGTH = 256;

const name = z.string().min(1).max(MAX_NAME_LENGTH);

/**
 * The envelope of section 5. Unknown top-level fields are kept and ignored.
 * `event_seq` numbers job.event, job.result and job.error within a session, from 1.
 */
export const envelopeSchema = z.looseObject({
  arcp: z.literal(ARCP_VERSION),
  id: name,
  type: name,
  session_id: name.optional(),
  trace_id: name.optional(),
  job_id: name.optional(),
  event_seq: z.int().nonnegative().optional(),
  extensions: z.record(z.string(), z.unknown()).optional(),
  payload: z.record(z.string(), z.unknown()),
});

export interface Envelope<Type extends string = string, Payload = Record<string, unknown>> {
  arcp: typeof ARCP_VERSION;
  id: string;
  type: Type;
  session_id?: string;
  trace_id?: string;
  job_id?: string;
  event_seq?: number;
  extensions?: Record<string, unknown>;
  payload: Payload;
}
