import type { Lease } from "../messages/lease.ts";
import type { JobStatus } from "../messages/session-messages.ts";
import type { JobState } from "./job-state.ts";
import { wireStatus } from "./job-state.ts";

/** What the runtime remembers of one job. */
export interface JobEntry {
  jobId: string;
  /** The session that submitted it; it alone may cancel. */
  sessionId: string;
  /** The id of the `job.submit` envelope. */
  correlationId: string;
  /** Asks the running agent to stop. */
  cancel: AbortController;
  state: JobState;
  /** `name@version`, fixed at acceptance. */
  agent: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Highest `event_seq` of this job's events in its own session; 0 before the first. */
  lastEventSeq: number;
  parentJobId?: string;
  credentialIds: string[];
  lease?: Lease;
}

/** The part of a job that anybody who may observe it may see. No correlation, cancel, credentials or lease. */
export interface JobSnapshot {
  jobId: string;
  sessionId: string;
  state: JobState;
  status: JobStatus;
  agent: string;
  createdAt: number;
  parentJobId?: string;
  lastEventSeq: number;
}

export function snapshotOf(entry: JobEntry): JobSnapshot {
  return {
    jobId: entry.jobId,
    sessionId: entry.sessionId,
    state: entry.state,
    status: wireStatus(entry.state),
    agent: entry.agent,
    createdAt: entry.createdAt,
    ...(entry.parentJobId === undefined ? {} : { parentJobId: entry.parentJobId }),
    lastEventSeq: entry.lastEventSeq,
  };
}
