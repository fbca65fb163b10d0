import type { JobId, JobSessionId } from "../ids.ts";
import type { Json, JsonObject } from "../json.ts";

/** What is appended to the logs of jobs and to the streams of sessions in one transaction. */
export interface JobBatch {
  /** Every session that is named below, and the epoch under which the caller holds it. */
  readonly epochs: readonly { readonly sessionId: JobSessionId; readonly epoch: number }[];
  readonly events: readonly {
    readonly jobId: JobId;
    /** The owner of the job. */
    readonly sessionId: JobSessionId;
    readonly seq: number;
    readonly body: Json;
  }[];
  readonly deliveries: readonly NewJobDelivery[];
  readonly changes: readonly {
    readonly jobId: JobId;
    /** The owner of the job. */
    readonly sessionId: JobSessionId;
    /** Only if the record has this version. */
    readonly version?: number;
    readonly status?: string;
    readonly live?: boolean;
    /** Members that replace those of the same name. */
    readonly document?: JsonObject;
  }[];
}

/** Points to an event of a job, of `owner`; or brings a body of its own. */
export type NewJobDelivery = {
  readonly sessionId: JobSessionId;
  readonly seq: number;
} & (
  | { readonly jobId: JobId; readonly jobSeq: number; readonly owner: JobSessionId }
  | { readonly body: Json }
);

/**
 * The sessions that fall with those that were refused: a stream cannot point to an event that was not written, and a session of
 * which one thing is left out is left out whole.
 */
export function fallsWith(batch: JobBatch, refused: ReadonlySet<JobSessionId>): ReadonlySet<JobSessionId> {
  const fallen = new Set(refused);
  // An event that is stored already can be pointed to, whoever holds its owner now.
  const written = new Set(batch.events.map(({ jobId, seq }) => `${jobId} ${seq}`));
  for (let before = -1; before !== fallen.size; ) {
    before = fallen.size;
    for (const delivery of batch.deliveries) {
      if (!("owner" in delivery) || !fallen.has(delivery.owner)) continue;
      if (written.has(`${delivery.jobId} ${delivery.jobSeq}`)) fallen.add(delivery.sessionId);
    }
  }
  return fallen;
}

/** The batch without everything that belongs to these sessions. */
export function batchWithout(batch: JobBatch, sessions: ReadonlySet<JobSessionId>): JobBatch {
  const stays = (part: { readonly sessionId: JobSessionId }) => !sessions.has(part.sessionId);
  return {
    epochs: batch.epochs.filter(stays),
    events: batch.events.filter(stays),
    deliveries: batch.deliveries.filter(stays),
    changes: batch.changes.filter(stays),
  };
}

/** Changes of one job as one, in their order: a batch is often gathered from several. */
export function oneChangeAJob(changes: JobBatch["changes"]): JobBatch["changes"] {
  const byJob = new Map<JobId, JobBatch["changes"][number]>();
  for (const change of changes) {
    const before = byJob.get(change.jobId);
    const document = before?.document && change.document && { ...before.document, ...change.document };
    byJob.set(change.jobId, {
      ...before,
      ...change,
      ...(document && { document }),
      ...(before?.version !== undefined && { version: before.version }),
    });
  }
  return [...byJob.values()];
}
