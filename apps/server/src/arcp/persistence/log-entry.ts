import type { JobLogEntry } from "@pawl/arcp-protocol/persistence";
import type { Json, JsonObject } from "@pawl/core";
import type { JobDelivery, JobEvent } from "@pawl/core/ports";
import { z } from "zod";
import { read } from "./job-document.ts";

/** How an entry of a job's log lies in the store. Its payload is a text, exactly as it is sent. */
const bodySchema = z.object({
  v: z.literal(1),
  session: z.string(),
  type: z.enum(["job.event", "job.result", "job.error"]),
  kind: z.string(),
  /** JSON of a text: it may come from a client. */
  trace: z.string(),
  owner_seq: z.number(),
  source: z.string().optional(),
  payload: z.string(),
  /** Of an entry that is in a stream only. */
  job: z.string().optional(),
});

/** Without its secret payload: that is never written down. */
export function bodyOf(entry: JobLogEntry): JsonObject {
  const { sessionId, type, kind, traceId, ownerSeq, source, payload, jobId, jobSeq } = entry;
  return {
    v: 1,
    session: sessionId,
    type,
    kind,
    trace: JSON.stringify(traceId),
    owner_seq: ownerSeq,
    ...(source !== undefined && { source: JSON.stringify(source) }),
    payload,
    ...(jobSeq === 0 && { job: jobId }),
  };
}

/** @throws PawlError `arcp_record_unreadable` */
export function entryOf({ jobId, seq, body }: JobEvent): JobLogEntry {
  return decode(body, jobId, seq);
}

/** Undefined when the job that it was about was pruned. @throws PawlError `arcp_record_unreadable` */
export function entryOfDelivery({ event, body }: JobDelivery): JobLogEntry | undefined {
  if (event !== null) return entryOf(event);
  return body === null ? undefined : decode(body, undefined, 0);
}

function decode(body: Json, jobId: string | undefined, jobSeq: number): JobLogEntry {
  const { session, type, kind, trace, owner_seq, source, payload, job } = read(
    bodySchema,
    body,
    jobId ?? "a refusal",
  );
  return {
    jobId: jobId ?? job ?? "",
    jobSeq,
    sessionId: session,
    type,
    kind,
    traceId: JSON.parse(trace) as string,
    payload,
    ownerSeq: owner_seq,
    ...(source !== undefined && { source: JSON.parse(source) as string }),
  };
}
