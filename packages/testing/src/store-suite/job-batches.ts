import { type JobBatch, type JobId, type JsonObject, jobId, jobSessionId } from "@pawl/core";
import type { JobSession, Jobs, NewJob } from "@pawl/core/ports";

export const A = jobSessionId("js-a");
export const B = jobSessionId("js-b");
export const J1 = jobId("j1");

export function newJob(id: string, more: Partial<NewJob> = {}): NewJob {
  return {
    jobId: jobId(id),
    sessionId: A,
    principal: "ann",
    agent: "writer@1",
    status: "running",
    live: true,
    createdAt: 1_000,
    document: { input: { text: "ünïcödé 🐢" }, lease: ["a"], budget: [1.5, -0.25, 1e21] },
    ...more,
  };
}

export function open(jobs: Jobs, sessionId = A): Promise<JobSession> {
  return jobs.openSession({
    sessionId,
    document: { principal: "ann", tokenHash: "h1" },
    expiresAt: null,
  });
}

export function batch(epoch: number, more: Partial<JobBatch>, sessionId = A): JobBatch {
  return { epochs: [{ sessionId, epoch }], events: [], deliveries: [], changes: [], ...more };
}

/** Event `seq` of a job and its delivery under the same number. */
export function sent(
  job: JobId,
  seq: number,
  body: JsonObject,
  sessionId = A,
): Pick<JobBatch, "events" | "deliveries"> {
  return {
    events: [{ jobId: job, sessionId, seq, body }],
    deliveries: [{ sessionId, seq, jobId: job, jobSeq: seq, owner: sessionId }],
  };
}
