import type { Json } from "@pawl/core";

/** A job of a job protocol that runs beside the host, such as ARCP, as its principal sees it. */
export interface Job {
  readonly jobId: string;
  /** `name@version`. */
  readonly agent: string;
  /** `pending`, `running`, or how it ended: `success`, `error`, `cancelled`, `timed_out`. */
  readonly status: string;
  /** It has not ended. */
  readonly live: boolean;
  readonly principal: string;
  /** The protocol's own session that submitted it. */
  readonly protocolSessionId: string;
  readonly idempotencyKey?: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly endedAt: number | null;
}

/** Everything about one job. */
export interface JobDetails extends Job {
  /** The session and the turn on the host that do its work; null for an agent that works without them, and before it has begun. */
  readonly turn: { readonly sessionId: string; readonly turnId: string } | null;
  readonly input: Json;
  /** What it may do, as it was submitted. */
  readonly lease: Json;
  /** What is left, such as `USD:1.50`; absent without a budget. */
  readonly budget?: readonly string[];
  /** The last message of a job that has ended: its result, or its error. */
  readonly outcome: Json;
}

export interface JobQuery {
  /** Only those that have not ended, or only those that have. */
  readonly live?: boolean;
  readonly limit: number;
}

/** `requested`: its end is asked for. `ended`: it had ended before. */
export interface JobCancelled {
  readonly status: "requested" | "ended";
  readonly job: Job;
}

/** The jobs that one principal may know of; all others are as if they never were. */
export interface Jobs {
  /** The newest first. */
  list(query: JobQuery): Promise<readonly Job[]>;
  find(jobId: string): Promise<JobDetails | null>;
  /** Null when there is no such job. @throws PawlError `job_held_elsewhere` */
  cancel(
    jobId: string,
    options: { readonly origin: string; readonly reason?: string },
  ): Promise<JobCancelled | null>;
}

/** Where no job protocol runs. */
export const NO_JOBS: Jobs = {
  list: async () => [],
  find: async () => null,
  cancel: async () => null,
};
