import { z } from "zod";
import type { Job, JobCancelled, JobDetails } from "../jobs.ts";
import { jsonValue } from "./outcome.ts";

export const jobSchema = z.object({
  job_id: z.string(),
  agent: z.string(),
  /** `pending`, `running`, `success`, `error`, `cancelled` or `timed_out`. */
  status: z.string(),
  /** It has not ended. */
  live: z.boolean(),
  principal: z.string(),
  arcp_session_id: z.string(),
  idempotency_key: z.string().optional(),
  /** Milliseconds since the epoch. */
  created_at: z.number(),
  ended_at: z.number().nullable(),
});

export const jobsSchema = z.object({ jobs: z.array(jobSchema) });

export const jobDetailsSchema = jobSchema.extend({
  /** The session and the turn that do its work; null for agents that work without, and before it has begun. */
  session_id: z.string().nullable(),
  turn_id: z.string().nullable(),
  input: jsonValue,
  lease: jsonValue,
  /** What is left of its budgets. */
  budget: z.array(z.string()).optional(),
  /** Of a job that has ended: the payload of its result or its error. */
  outcome: jsonValue,
});

export const jobCancelBodySchema = z
  .strictObject({ reason: z.string().min(1).max(1_000).optional() })
  .optional();

export const jobCancelledSchema = z.object({
  /** `ended`: it had ended before, and stays as it is. */
  status: z.enum(["requested", "ended"]),
  job: jobSchema,
});

export type WireJob = z.infer<typeof jobSchema>;
export type WireJobDetails = z.infer<typeof jobDetailsSchema>;
export type WireJobCancelled = z.infer<typeof jobCancelledSchema>;

export function wireJob(job: Job): WireJob {
  return {
    job_id: job.jobId,
    agent: job.agent,
    status: job.status,
    live: job.live,
    principal: job.principal,
    arcp_session_id: job.protocolSessionId,
    ...(job.idempotencyKey !== undefined && { idempotency_key: job.idempotencyKey }),
    created_at: job.createdAt,
    ended_at: job.endedAt,
  };
}

export function wireJobDetails(job: JobDetails): WireJobDetails {
  return {
    ...wireJob(job),
    session_id: job.turn?.sessionId ?? null,
    turn_id: job.turn?.turnId ?? null,
    input: job.input,
    lease: job.lease,
    ...(job.budget !== undefined && { budget: [...job.budget] }),
    outcome: job.outcome,
  };
}

export function wireJobCancelled({ status, job }: JobCancelled): WireJobCancelled {
  return { status, job: wireJob(job) };
}
