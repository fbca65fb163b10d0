import { ArcpError } from "../errors.ts";
import { isTerminal, wireStatus } from "../jobs/job-state.ts";
import type { Message } from "../messages/message.ts";
import { type Awaitable, whenDone } from "../persistence/awaitable.ts";
import type { JobRecord } from "../persistence/job-store.ts";
import type { HostedSession } from "./hosted-session.ts";
import type { JobRun } from "./job-run.ts";
import type { Runtime } from "./runtime.ts";
import { refuseRequest, sayToSession } from "./session-speech.ts";
import { findVisibleJob } from "./subscription.ts";

/** Answers `job.cancel` (section 7.4): only the submitting session may, and only while the job is alive. */
export function answerCancel(
  runtime: Runtime,
  session: HostedSession,
  message: Message<"job.cancel">,
): Awaitable<void> {
  const jobId = message.job_id ?? message.payload.job_id ?? undefined;
  if (jobId === undefined) {
    const error = new ArcpError("INVALID_REQUEST", "job.cancel names no job; set job_id on the envelope");
    refuseRequest(runtime, session, error, message);
    return;
  }
  const run = runtime.runs.get(jobId);
  if (run === undefined || run.session !== session || run.over || endsOtherwise(run)) {
    return refuseCancel(runtime, session, message, jobId);
  }
  const reason = message.payload.reason ?? undefined;
  return whenDone(run.recordCancel(reason), () => {
    // It may have come to its own end while the request was being stored.
    if (run.over || endsOtherwise(run)) return refuseCancel(runtime, session, message, jobId);
    // The acknowledgement goes first, so that nobody takes the end of the job for the answer.
    const payload = { job_id: jobId, ...(reason === undefined ? {} : { reason }) };
    const traceId = message.trace_id ?? run.record.traceId;
    sayToSession(runtime, session, "job.cancelled", payload, { traceId, jobId });
    run.cancel(reason);
  }) as Awaitable<void>;
}

/** It is being ended, and not by a cancel. */
export function endsOtherwise(run: JobRun | undefined): boolean {
  return run?.endingAs !== undefined && run.endingAs !== "cancelled";
}

function refuseCancel(
  runtime: Runtime,
  session: HostedSession,
  message: Message<"job.cancel">,
  jobId: string,
): Awaitable<void> {
  return whenDone(findVisibleJob(runtime, session, jobId), (record) => {
    const ending = endsOtherwise(runtime.runs.get(jobId));
    refuseRequest(runtime, session, refusalOf(record, session, ending), message, jobId);
  }) as Awaitable<void>;
}

function refusalOf(record: JobRecord | undefined, session: HostedSession, ending: boolean): ArcpError {
  if (record === undefined) return new ArcpError("JOB_NOT_FOUND", "no such job that you may know of");
  if (record.sessionId !== session.sessionId) {
    return new ArcpError("PERMISSION_DENIED", "only the session that submitted a job may cancel it");
  }
  if (isTerminal(record.state) || ending) {
    const status = ending ? "ending" : wireStatus(record.state);
    return new ArcpError("INVALID_REQUEST", `the job is already ${status}; there is nothing to cancel`);
  }
  return new ArcpError("INTERNAL_ERROR", "the job is being taken over by this runtime; try again");
}
