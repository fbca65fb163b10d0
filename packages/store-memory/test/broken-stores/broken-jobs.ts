import type { JobBatch } from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import { type BrokenStore, replacing } from "./broken-store.ts";

const CHAPTER = "Jobs";

/** Faults in jobs: fences that only read, numbers that are made up, keys that are forgotten, pages that repeat. */
export const BROKEN_JOBS: readonly BrokenStore[] = [
  {
    fault: "a holder of a job session that was superseded goes on writing",
    breaking: (store, { state }) =>
      replacing(store, "jobs", {
        append: (batch) =>
          store.jobs.append(withEpochsOfNow(batch, (id) => state.jobSessions.get(id)?.epoch)),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "S15 a holder that was superseded" }],
  },
  {
    fault: "one fenced session takes the others of its batch along",
    breaking: (store, { state }) =>
      replacing(store, "jobs", {
        append: async (batch) => {
          const isStale = batch.epochs.some((e) => state.jobSessions.get(e.sessionId)?.epoch !== e.epoch);
          if (!isStale) return store.jobs.append(batch);
          return { refused: batch.epochs.map(({ sessionId }) => ({ sessionId, reason: "fenced" as const })) };
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "S15 a holder that was superseded" }],
  },
  {
    fault: "a paused node takes over jobs",
    breaking: (store, { state }) =>
      replacing(store, "jobs", {
        claimOrphans: async (holder, limit) => {
          const node = state.nodes.get(holder.nodeId);
          if (node !== undefined) node.paused = false;
          return store.jobs.claimOrphans(holder, limit);
        },
      }),
    noticedBy: [{ chapter: CHAPTER, case: "a paused node takes over no jobs" }],
  },
  {
    fault: "the store numbers job events as it likes",
    breaking: (store, { state }) =>
      replacing(store, "jobs", {
        append: (batch) =>
          store.jobs.append({
            ...batch,
            events: batch.events.map((e) => ({
              ...e,
              seq: (state.jobs.get(e.jobId)?.events.length ?? 0) + 1,
            })),
          }),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "D25 numbers are dense" }],
  },
  {
    fault: "a job's idempotency key is forgotten",
    breaking: (store) =>
      replacing(store, "jobs", {
        create: ({ idempotencyKey: _, ...job }) => store.jobs.create(job),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "S12 S13 the same again is the first" }],
  },
  {
    fault: "a page of jobs begins where the last one ended, once more",
    breaking: (store: Store) =>
      replacing(store, "jobs", {
        list: ({ after: _, ...query }) => store.jobs.list(query),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "listings page" }],
  },
  {
    fault: "what the client has not acknowledged is let go",
    breaking: (store) =>
      replacing(store, "jobs", {
        trim: (sessionId, seq) => store.jobs.trim(sessionId, seq, { evenUnacknowledged: true }),
      }),
    noticedBy: [{ chapter: CHAPTER, case: "what is acknowledged may be let go" }],
  },
];

function withEpochsOfNow(
  batch: JobBatch,
  epochOf: (id: JobBatch["epochs"][number]["sessionId"]) => number | undefined,
): JobBatch {
  return {
    ...batch,
    epochs: batch.epochs.map(({ sessionId, epoch }) => ({ sessionId, epoch: epochOf(sessionId) ?? epoch })),
  };
}
