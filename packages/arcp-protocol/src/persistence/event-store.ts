import type { Awaitable } from "./awaitable.ts";
import type { JobUpdate } from "./job-store.ts";

/** One entry of a job's log. */
export interface JobLogEntry {
  jobId: string;
  /** Dense per job, from 1. 0 for a refusal of a job that never began: it lives in the session's stream only. */
  jobSeq: number;
  /** The session that owns the job, and whose epoch guards the write. */
  sessionId: string;
  type: "job.event" | "job.result" | "job.error";
  /** The event's kind; empty for result and error. */
  kind: string;
  traceId: string;
  /** The payload as JSON, with secrets left out. */
  payload: string;
  /** The payload for the submitter, when it holds a secret. Kept in memory only: a store must not write it down. */
  secretPayload?: string;
  /** The owner's mark after this entry: `from_event_seq` of a subscriber is compared with it. */
  ownerSeq: number;
  /** Where this event comes from in the agent's own log. */
  source?: string;
}

/** An entry's place in one session's stream. */
export interface Delivery {
  sessionId: string;
  eventSeq: number;
  entry: JobLogEntry;
}

export interface AppendBatch {
  /** Epoch of every session that is named below. */
  epochs: ReadonlyMap<string, number>;
  entries: readonly JobLogEntry[];
  deliveries: readonly Delivery[];
  jobs: readonly JobUpdate[];
}

/**
 * Job logs and the session streams that point into them. Everything is appended before anything is sent, so a
 * client resumes after the process that served it is gone.
 */
export interface EventStore {
  /**
   * Appends all of it in one step, except for what belongs to sessions whose epoch is stale: those are named in
   * the answer, with every session that lost a delivery because of it. Also updates the jobs' marks.
   */
  append(batch: AppendBatch): Awaitable<{ refused: readonly string[] }>;
  /** A session's stream after a number, in order. Starts later than asked when the beginning is gone. */
  readStream(sessionId: string, afterSeq: number, limit: number): Awaitable<readonly Delivery[]>;
  /** A job's log after an entry, in order. Starts later than asked when the beginning is gone. */
  readJobLog(jobId: string, afterJobSeq: number, limit: number): Awaitable<readonly JobLogEntry[]>;
  /** The oldest number that can be replayed; one past the last when nothing is retained. */
  retainedFrom(sessionId: string): Awaitable<number>;
  /** The client has processed this far; the store may let acknowledged events go. */
  acknowledge(sessionId: string, eventSeq: number): Awaitable<void>;
  /** Calls back after something was appended to a job that another process runs. Only a hint. */
  watchJob?(jobId: string, onAppend: () => void): () => void;
}
