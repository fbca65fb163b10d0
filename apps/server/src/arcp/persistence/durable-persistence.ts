import { ArcpError, pageOf } from "@pawl/arcp-protocol";
import type {
  ArcpPersistence,
  ClaimedSession,
  JobLogEntry,
  JobRecord,
  SessionStore,
} from "@pawl/arcp-protocol/persistence";
import { isPawlError, type JobId, type JobSessionId, type JsonObject } from "@pawl/core";
import type {
  JobSession,
  Jobs,
  NodeLease,
  JobRecord as StoredJob,
  JobQuery as StoredQuery,
} from "@pawl/core/ports";
import { z } from "zod";
import { batchOf } from "./batch-of.ts";
import { createChangeWatch } from "./change-watch.ts";
import { jobRecordOf, newJobOf, read, sessionFactsOf } from "./job-document.ts";
import { entryOf, entryOfDelivery } from "./log-entry.ts";
import { createStreamTrimmer } from "./stream-trimmer.ts";
import { untilStored } from "./until-stored.ts";

export interface DurablePersistenceOptions {
  readonly jobs: Jobs;
  /** Names this log: the same for all processes of one store. */
  readonly incarnation: string;
  /** The lease under which this process lives; others take over what it ran when that is gone. */
  readonly holder: () => Promise<NodeLease>;
}

export interface DurablePersistence extends ArcpPersistence {
  close(): void;
}

/** Jobs read at once when a session is taken up. */
const PAGE = 500;

/** What the ARCP runtime remembers, in a store that several processes share. */
export function durablePersistence({
  jobs,
  incarnation,
  holder,
}: DurablePersistenceOptions): DurablePersistence {
  const watch = createChangeWatch(jobs);
  const trimmer = createStreamTrimmer(jobs);
  /** Owners of jobs that this process changes, so that a change need not be preceded by a look. */
  const owners = new Map<string, string>();

  /** The record, and for a job that lives what its log knows better. */
  async function recordOf(job: StoredJob): Promise<JobRecord> {
    if (!job.live || job.head === 0) return jobRecordOf(job);
    const [last] = await jobs.events(job.jobId, { after: job.head - 1, limit: 1 });
    return jobRecordOf(job, last && entryOf(last));
  }

  async function allOf(query: Omit<StoredQuery, "limit" | "after">): Promise<JobRecord[]> {
    const found: StoredJob[] = [];
    for (;;) {
      const after = found.at(-1);
      const page = await jobs.list({ ...query, ...(after && { after }), limit: PAGE });
      found.push(...page);
      if (page.length < PAGE) return Promise.all(found.map(recordOf));
    }
  }

  const sessions: SessionStore = {
    async create({ sessionId, expiresAt, ...facts }) {
      const document = { ...facts };
      const session = { sessionId: sessionId as JobSessionId, document, expiresAt: expiresAt ?? null };
      return (await jobs.openSession(session, await holder())).epoch;
    },
    async get(sessionId) {
      return claimedOf(await jobs.loadSession(sessionId as JobSessionId));
    },
    async claim(sessionId) {
      return claimedOf(await jobs.claimSession(sessionId as JobSessionId, await holder()));
    },
    async claimOrphans(limit) {
      const orphans = await jobs.claimOrphans(await holder(), limit);
      return orphans.flatMap((session) => claimedOf(session) ?? []);
    },
    onClaimed: (listener) => jobs.onClaimed(listener),
    update(sessionId, epoch, change) {
      const { expiresAt, ...document } = change;
      return jobs.updateSession(sessionId as JobSessionId, epoch, {
        document: document as JsonObject,
        ...("expiresAt" in change && { expiresAt: expiresAt ?? null }),
      });
    },
    async remove(sessionId, epoch) {
      trimmer.forget(sessionId);
      await jobs.closeSession(sessionId as JobSessionId, epoch);
    },
  };

  return {
    incarnation,
    sessions,
    jobs: {
      async create(record, epoch) {
        try {
          const { job, duplicate } = await jobs.create(
            newJobOf(record),
            epoch === undefined ? {} : { epoch },
          );
          if (duplicate) return { created: false, existing: await recordOf(job) };
          owners.set(record.jobId, record.sessionId);
          return { created: true };
        } catch (cause) {
          if (!isPawlError(cause, "not_storable")) throw cause;
          throw new ArcpError(
            "INVALID_REQUEST",
            "the submission holds text that cannot be stored; see idempotency_key",
            { cause },
          );
        }
      },
      async get(jobId) {
        const job = await jobs.load(jobId as JobId);
        return job === null ? undefined : recordOf(job);
      },
      async findByKey(principal, key) {
        try {
          const job = await jobs.loadByKey(principal, key);
          return job === null ? undefined : recordOf(job);
        } catch (error) {
          // No job was ever stored under it; making one under it is refused with a reason.
          if (isPawlError(error, "not_storable")) return undefined;
          throw error;
        }
      },
      async list({ status, limit, ...query }, principals) {
        const page = await jobs.list({
          ...(query as Omit<typeof query, "after"> & { after?: { createdAt: number; jobId: JobId } }),
          ...(status !== undefined && { statuses: status }),
          ...(principals !== "all" && { principals }),
          // One more tells whether there is a next page.
          limit: limit + 1,
        });
        return pageOf(await Promise.all(page.map(recordOf)), limit);
      },
      async unfinished(sessionId) {
        const found = await allOf({
          live: true,
          ...(sessionId !== undefined && { sessionId: sessionId as JobSessionId }),
        });
        for (const job of found) owners.set(job.jobId, job.sessionId);
        return found;
      },
    },
    events: {
      async append(batch) {
        const stored = batchOf(batch, (jobId) => owners.get(jobId));
        const { refused } = await untilStored(() => jobs.append(stored));
        for (const { jobId, live } of stored.changes) if (live === false) owners.delete(jobId);
        trimmer.appended(batch.deliveries);
        return { refused: refused.map(({ sessionId }) => sessionId) };
      },
      async readStream(sessionId, afterSeq, limit) {
        const page = await jobs.deliveries(sessionId as JobSessionId, { after: afterSeq, limit });
        return page.flatMap((delivery) => {
          const entry = entryOfDelivery(delivery);
          return entry === undefined ? [] : [{ sessionId, eventSeq: delivery.seq, entry }];
        });
      },
      async readJobLog(jobId, afterJobSeq, limit): Promise<readonly JobLogEntry[]> {
        return (await jobs.events(jobId as JobId, { after: afterJobSeq, limit })).map(entryOf);
      },
      retainedFrom: (sessionId) => jobs.retainedFrom(sessionId as JobSessionId),
      acknowledge: (sessionId, seq) => trimmer.acknowledge(sessionId, seq),
      watchJob: watch.watchJob,
    },
    credentials: {
      add: (list) =>
        jobs.keepCredentials(
          list.map(({ credentialId, jobId, issuedAt }) => ({ credentialId, document: { jobId, issuedAt } })),
        ),
      remove: (credentialId) => jobs.dropCredential(credentialId),
      async list() {
        return (await jobs.credentials()).map(({ credentialId, document }) => ({
          credentialId,
          ...read(credentialSchema, document, credentialId),
        }));
      },
    },
    close: watch.close,
  };
}

const credentialSchema = z.object({ jobId: z.string(), issuedAt: z.number() });

function claimedOf(session: JobSession | null): ClaimedSession | undefined {
  if (session === null) return undefined;
  const { sessionId, document, expiresAt, epoch, head, acked } = session;
  return {
    sessionId,
    ...sessionFactsOf(document, sessionId),
    ...(expiresAt !== null && { expiresAt }),
    epoch,
    lastEventSeq: head,
    acked,
  };
}
