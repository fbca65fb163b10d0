import type { AppendBatch } from "@pawl/arcp-protocol/persistence";
import type { JobBatch, JobId, JobSessionId } from "@pawl/core";
import { changeOf } from "./job-document.ts";
import { bodyOf } from "./log-entry.ts";

/** What the protocol appends, as the store takes it. `sessionOf` names the owner of a job that the batch only changes. */
export function batchOf(batch: AppendBatch, sessionOf: (jobId: string) => string | undefined): JobBatch {
  const lastEventSeq = new Map<string, number>();
  for (const { jobId, ownerSeq } of batch.entries) lastEventSeq.set(jobId, ownerSeq);
  return {
    epochs: [...batch.epochs].map(([sessionId, epoch]) => ({ sessionId: sessionId as JobSessionId, epoch })),
    events: batch.entries.map((entry) => ({
      jobId: entry.jobId as JobId,
      sessionId: entry.sessionId as JobSessionId,
      seq: entry.jobSeq,
      body: bodyOf(entry),
    })),
    deliveries: batch.deliveries.map(({ sessionId, eventSeq, entry }) => ({
      sessionId: sessionId as JobSessionId,
      seq: eventSeq,
      ...(entry.jobSeq === 0
        ? { body: bodyOf(entry) }
        : { jobId: entry.jobId as JobId, jobSeq: entry.jobSeq, owner: entry.sessionId as JobSessionId }),
    })),
    changes: batch.jobs.flatMap((update) => {
      const sessionId = sessionOf(update.jobId);
      if (sessionId === undefined) return [];
      const change = changeOf(update, lastEventSeq.get(update.jobId));
      return [{ jobId: update.jobId as JobId, sessionId: sessionId as JobSessionId, ...change }];
    }),
  };
}
