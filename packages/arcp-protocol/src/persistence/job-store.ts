import type { JobQuery } from "../jobs/job-query.ts";
import type { JobState } from "../jobs/job-state.ts";
import type { Lease, LeaseConstraints } from "../messages/lease.ts";
import type { Awaitable } from "./awaitable.ts";

/** What lasts of a job. Contains no credential values. */
export interface JobRecord {
  jobId: string;
  sessionId: string;
  principal: string;
  correlationId: string;
  /** `name@version`. */
  agent: string;
  input: unknown;
  state: JobState;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Set with the terminal state. */
  endedAt?: number;
  /** Absolute end of `max_runtime_sec`, in milliseconds. */
  runUntil?: number;
  traceId: string;
  /** Highest number of this job's events in its own session. */
  lastEventSeq: number;
  /** Entries in the job's own log. */
  lastJobSeq: number;
  parentJobId?: string;
  delegateId?: string;
  lease: Lease;
  leaseConstraints?: LeaseConstraints;
  /** What is left of the budget now, as exact `currency:decimal` amounts. */
  budget?: string[];
  /** The budget at acceptance. */
  initialBudget?: string[];
  credentialIds: string[];
  /** Unique together with the principal, for as long as the job is kept. */
  idempotencyKey?: string;
  fingerprint?: string;
  /** Why it was cancelled; absent as long as nobody asked for it. What was asked for stays so after a restart. */
  cancelReason?: string;
  /** The cursor that the agent gave with its last event; handed back to it after a restart. */
  source?: string;
}

/** What an event may change of its job, in the same append. */
export interface JobUpdate {
  jobId: string;
  state?: JobState;
  endedAt?: number;
  budget?: string[];
  credentialIds?: string[];
  cancelReason?: string;
}

export interface JobStore {
  /**
   * Stores a job, unless one of this principal has the key already: then that one is returned. Atomic. Rejects when the
   * session is not held under this epoch any more, so that whoever holds it sees all of its jobs.
   */
  create(
    record: JobRecord,
    epoch: number,
  ): Awaitable<{ created: true } | { created: false; existing: JobRecord }>;
  get(jobId: string): Awaitable<JobRecord | undefined>;
  findByKey(principal: string, idempotencyKey: string): Awaitable<JobRecord | undefined>;
  /** One page of these principals' jobs, ordered by creation, then id. */
  list(
    query: JobQuery,
    principals: readonly string[] | "all",
  ): Awaitable<{ jobs: JobRecord[]; nextCursor: string | null }>;
  /** Jobs that have not ended: of one session, or all. */
  unfinished(sessionId?: string): Awaitable<JobRecord[]>;
}
