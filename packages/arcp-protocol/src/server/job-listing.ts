import { formatTimestamp } from "../envelope/utc-timestamp.ts";
import { ArcpError } from "../errors.ts";
import { parseJobQuery } from "../jobs/job-query.ts";
import { wireStatus } from "../jobs/job-state.ts";
import type { Message } from "../messages/message.ts";
import { type Awaitable, whenDone } from "../persistence/awaitable.ts";
import type { JobRecord } from "../persistence/job-store.ts";
import type { HostedSession } from "./hosted-session.ts";
import type { Runtime } from "./runtime.ts";
import { refuseRequest, sayToSession } from "./session-speech.ts";

/** Answers `session.list_jobs` (section 6.6) with one page of the jobs that the principal may observe. */
export function answerListJobs(
  runtime: Runtime,
  session: HostedSession,
  message: Message<"session.list_jobs">,
): Awaitable<void> {
  let query: ReturnType<typeof parseJobQuery>;
  try {
    query = parseJobQuery(message.payload);
  } catch (thrown) {
    refuseRequest(runtime, session, ArcpError.from(thrown), message);
    return;
  }
  const page = runtime.persistence.jobs.list(query, runtime.observablePrincipals(session.principal));
  return whenDone(page, ({ jobs, nextCursor }) => {
    const payload = {
      request_id: message.id,
      jobs: jobs.map((job) => listEntry(runtime, job)),
      next_cursor: nextCursor,
    };
    sayToSession(runtime, session, "session.jobs", payload, { traceId: message.trace_id });
  }) as Awaitable<void>;
}

function listEntry(runtime: Runtime, stored: JobRecord) {
  // The registry is ahead of the store by what is being stored right now.
  const live = runtime.registry.get(stored.jobId);
  return {
    job_id: stored.jobId,
    agent: stored.agent,
    status: wireStatus(live?.state ?? stored.state),
    lease: stored.lease,
    ...(stored.leaseConstraints === undefined ? {} : { lease_constraints: stored.leaseConstraints }),
    parent_job_id: stored.parentJobId ?? null,
    created_at: formatTimestamp(stored.createdAt),
    trace_id: stored.traceId,
    last_event_seq: Math.max(live?.lastEventSeq ?? 0, stored.lastEventSeq),
  };
}
