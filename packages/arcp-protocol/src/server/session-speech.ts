import { encodeEnvelope } from "../envelope/encode-envelope.ts";
import { ARCP_VERSION } from "../envelope/envelope.ts";
import type { ArcpError } from "../errors.ts";
import type { MessageType } from "../messages/message.ts";
import type { JobLogEntry } from "../persistence/event-store.ts";
import type { HostedSession } from "./hosted-session.ts";
import type { Runtime } from "./runtime.ts";

/** Says something that carries no number: lost when nobody is connected, so it must be repeatable on request. */
export function sayToSession(
  runtime: Runtime,
  session: HostedSession,
  type: MessageType,
  payload: object,
  about: { traceId?: string | undefined; jobId?: string | undefined } = {},
): void {
  session.peer?.send(
    encodeEnvelope({
      arcp: ARCP_VERSION,
      id: runtime.ids.mint("msg"),
      type,
      session_id: session.sessionId,
      ...(about.traceId === undefined ? {} : { trace_id: about.traceId }),
      ...(about.jobId === undefined ? {} : { job_id: about.jobId }),
      payload,
    }),
  );
}

/** Refuses a request other than a submission. */
export function refuseRequest(
  runtime: Runtime,
  session: HostedSession,
  error: ArcpError,
  request: { id: string; trace_id?: string },
  jobId?: string,
): void {
  const payload = {
    ...error.toPayload(),
    request_id: request.id,
    ...(jobId === undefined ? {} : { job_id: jobId }),
  };
  sayToSession(runtime, session, "session.error", payload, { traceId: request.trace_id, jobId });
}

/**
 * Refuses a submission: a numbered job.error on a job id that nothing else uses. It is replayed on a resume, and no
 * client takes it for the end of another job.
 */
export function refuseSubmission(
  runtime: Runtime,
  session: HostedSession,
  error: ArcpError,
  request: { id: string; traceId: string | undefined },
): void {
  const payload = { final_status: "error", ...error.toPayload(), request_id: request.id };
  const entry: JobLogEntry = {
    jobId: runtime.ids.mint("job"),
    jobSeq: 0,
    sessionId: session.sessionId,
    type: "job.error",
    kind: "",
    traceId: request.traceId ?? runtime.ids.traceId(),
    payload: JSON.stringify(payload),
    ownerSeq: 0,
  };
  const delivery = session.number(entry);
  entry.ownerSeq = delivery.eventSeq;
  void runtime.committer.append({ epochs: session.epochs, entries: [], deliveries: [delivery], jobs: [] });
}
