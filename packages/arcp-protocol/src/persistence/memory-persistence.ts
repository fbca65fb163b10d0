import type { OutstandingCredential } from "../credentials/credential-provisioner.ts";
import { ArcpError } from "../errors.ts";
import { matchesQuery, pageOf } from "../jobs/job-query.ts";
import { isTerminal, wireStatus } from "../jobs/job-state.ts";
import { defaultReplayLimits, mayEvictOldest, type ReplayLimits } from "../session/replay-window.ts";
import type { AppendBatch, Delivery, EventStore, JobLogEntry } from "./event-store.ts";
import type { JobRecord, JobStore } from "./job-store.ts";
import type { ArcpPersistence, CredentialStore } from "./persistence.ts";
import { RetainedLog } from "./retained-log.ts";
import type { ClaimedSession, SessionRecord, SessionStore } from "./session-store.ts";

export interface MemoryLimits {
  replay: ReplayLimits;
  /** Ended jobs that stay listed, replayable and bound to their idempotency keys; the oldest go first. */
  endedJobs: number;
  /** Size of all ended jobs' logs together: payload in UTF-16 units, and what an entry costs beside it. */
  endedSize: number;
}

const defaultMemoryLimits: MemoryLimits = {
  replay: defaultReplayLimits,
  endedJobs: 10_000,
  endedSize: 32 * 1024 * 1024,
};

interface StoredSession extends SessionRecord {
  epoch: number;
  acked: number;
  /** Made with the first event: an idle session has none. */
  stream: RetainedLog<JobLogEntry> | undefined;
}

interface StoredJob extends JobRecord {
  log: RetainedLog<JobLogEntry> | undefined;
}

/** What an entry costs beside its payload, about, in bytes. */
const ENTRY_OVERHEAD = 200;

const sizeOf = (entry: JobLogEntry) => entry.payload.length + ENTRY_OVERHEAD;

/** Everything in this process, every part bounded. Answers at once. */
export function memoryPersistence(options: { limits?: Partial<MemoryLimits>; incarnation?: string } = {}) {
  return new MemoryPersistence({ ...defaultMemoryLimits, ...options.limits }, options.incarnation ?? "m1");
}

export class MemoryPersistence implements ArcpPersistence {
  readonly incarnation: string;
  readonly sessions: SessionStore;
  readonly jobs: JobStore;
  readonly events: EventStore;
  readonly credentials: CredentialStore;
  readonly #limits: MemoryLimits;
  readonly #sessions = new Map<string, StoredSession>();
  readonly #jobs = new Map<string, StoredJob>();
  readonly #keys = new Map<string, string>();
  /** Ended jobs in the order of their end. */
  readonly #ended = new Set<string>();
  #endedSize = 0;
  readonly #credentials = new Map<string, OutstandingCredential>();

  constructor(limits: MemoryLimits, incarnation: string) {
    this.incarnation = incarnation;
    this.#limits = limits;
    this.sessions = {
      create: (record) => this.#createSession(record),
      get: (id) => this.#loadSession(id),
      claim: (id) => this.#claimSession(id),
      update: (id, epoch, change) => this.#updateSession(id, epoch, change),
      remove: (id, epoch) => this.#removeSession(id, epoch),
    };
    this.jobs = {
      create: (record, epoch) => this.#createJob(record, epoch),
      get: (id) => withoutLog(this.#jobs.get(id)),
      findByKey: (principal, key) => withoutLog(this.#jobs.get(this.#keys.get(keyOf(principal, key)) ?? "")),
      list: (query, principals) => this.#listJobs(query, principals),
      unfinished: (sessionId) => this.#unfinished(sessionId),
    };
    this.events = {
      append: (batch) => this.#append(batch),
      readStream: (id, after, limit) => this.#readStream(id, after, limit),
      readJobLog: (id, after, limit) =>
        this.#jobs
          .get(id)
          ?.log?.after(after, limit)
          .map(({ item }) => item) ?? [],
      retainedFrom: (id) => this.#sessions.get(id)?.stream?.firstSeq ?? 1,
      acknowledge: (id, seq) => this.#acknowledge(id, seq),
    };
    this.credentials = {
      add: (list) => {
        for (const credential of list) this.#credentials.set(credential.credentialId, credential);
      },
      remove: (id) => {
        this.#credentials.delete(id);
      },
      list: () => [...this.#credentials.values()],
    };
  }

  #createSession(record: SessionRecord): number {
    this.#sessions.set(record.sessionId, { ...record, epoch: 1, acked: 0, stream: undefined });
    return 1;
  }

  #loadSession(sessionId: string): ClaimedSession | undefined {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return undefined;
    const { stream, ...record } = session;
    return { ...record, lastEventSeq: stream?.lastSeq ?? 0 };
  }

  #claimSession(sessionId: string): ClaimedSession | undefined {
    const session = this.#sessions.get(sessionId);
    if (session !== undefined) session.epoch += 1;
    return this.#loadSession(sessionId);
  }

  #updateSession(sessionId: string, epoch: number, change: Partial<SessionRecord>): boolean {
    const session = this.#sessions.get(sessionId);
    if (session === undefined || session.epoch !== epoch) return false;
    Object.assign(session, change);
    return true;
  }

  #removeSession(sessionId: string, epoch: number): void {
    if (this.#sessions.get(sessionId)?.epoch === epoch) this.#sessions.delete(sessionId);
  }

  #createJob(record: JobRecord, epoch: number): { created: true } | { created: false; existing: JobRecord } {
    if (this.#sessions.get(record.sessionId)?.epoch !== epoch) {
      throw new ArcpError("INTERNAL_ERROR", "the session is held by another process");
    }
    if (record.idempotencyKey !== undefined) {
      const key = keyOf(record.principal, record.idempotencyKey);
      const existing = withoutLog(this.#jobs.get(this.#keys.get(key) ?? ""));
      if (existing !== undefined) return { created: false, existing };
      this.#keys.set(key, record.jobId);
    }
    this.#jobs.set(record.jobId, { ...record, log: undefined });
    return { created: true };
  }

  #listJobs(query: Parameters<JobStore["list"]>[0], principals: readonly string[] | "all") {
    const matching: StoredJob[] = [];
    for (const job of this.#jobs.values()) {
      if (principals !== "all" && !principals.includes(job.principal)) continue;
      if (matchesQuery({ ...job, status: wireStatus(job.state) }, query)) matching.push(job);
    }
    const page = pageOf(matching, query.limit);
    return { jobs: page.jobs.map((job) => withoutLog(job) as JobRecord), nextCursor: page.nextCursor };
  }

  #unfinished(sessionId: string | undefined): JobRecord[] {
    const found: JobRecord[] = [];
    for (const job of this.#jobs.values()) {
      if (isTerminal(job.state) || (sessionId !== undefined && job.sessionId !== sessionId)) continue;
      found.push(withoutLog(job) as JobRecord);
    }
    return found;
  }

  #append(batch: AppendBatch): { refused: readonly string[] } {
    const refused = this.#staleSessions(batch);
    for (const entry of batch.entries) {
      if (!refused.has(entry.sessionId)) this.#appendToJob(entry);
    }
    for (const delivery of batch.deliveries) {
      if (!refused.has(delivery.sessionId)) this.#appendToStream(delivery);
    }
    for (const { jobId, ...change } of batch.jobs) {
      const job = this.#jobs.get(jobId);
      if (job === undefined || refused.has(job.sessionId)) continue;
      Object.assign(job, change);
      if (isTerminal(job.state)) this.#noteEnded(job);
    }
    return { refused: refused.size === 0 ? [] : [...refused] };
  }

  #staleSessions(batch: AppendBatch): Set<string> {
    const stale = new Set<string>();
    for (const [sessionId, epoch] of batch.epochs) {
      if (this.#sessions.get(sessionId)?.epoch !== epoch) stale.add(sessionId);
    }
    if (stale.size === 0) return stale;
    // A stream cannot point to an entry that was not written; to one that was written before it can.
    for (const { sessionId, entry } of batch.deliveries) {
      if (stale.has(entry.sessionId) && batch.entries.includes(entry)) stale.add(sessionId);
    }
    return stale;
  }

  #appendToJob(entry: JobLogEntry): void {
    const job = this.#jobs.get(entry.jobId);
    if (job === undefined || entry.jobSeq === 0) return;
    job.log ??= new RetainedLog(sizeOf, entry.jobSeq);
    job.log.push(entry);
    job.lastJobSeq = entry.jobSeq;
    if (entry.ownerSeq > job.lastEventSeq) job.lastEventSeq = entry.ownerSeq;
    if (entry.source !== undefined) job.source = entry.source;
    const { maxEvents, maxSize } = this.#limits.replay;
    while (job.log.count > maxEvents || job.log.size > maxSize) job.log.dropOldest();
  }

  #appendToStream({ sessionId, eventSeq, entry }: Delivery): void {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return;
    session.stream ??= new RetainedLog(sizeOf, eventSeq);
    session.stream.push(entry);
    this.#evict(session);
  }

  #evict(session: StoredSession): void {
    const { stream } = session;
    if (stream === undefined) return;
    const retained = () => ({ oldestSeq: stream.firstSeq, events: stream.count, size: stream.size });
    while (stream.count > 0 && mayEvictOldest(retained(), session.acked, this.#limits.replay))
      stream.dropOldest();
  }

  #readStream(sessionId: string, after: number, limit: number): Delivery[] {
    const found = this.#sessions.get(sessionId)?.stream?.after(after, limit) ?? [];
    return found.map(({ seq, item }) => ({ sessionId, eventSeq: seq, entry: item }));
  }

  #acknowledge(sessionId: string, eventSeq: number): void {
    const session = this.#sessions.get(sessionId);
    if (session === undefined || eventSeq <= session.acked) return;
    session.acked = eventSeq;
    this.#evict(session);
  }

  #noteEnded(job: StoredJob): void {
    if (this.#ended.has(job.jobId)) return;
    this.#ended.add(job.jobId);
    this.#endedSize += job.log?.size ?? 0;
    while (this.#ended.size > this.#limits.endedJobs || this.#endedSize > this.#limits.endedSize) {
      const [oldest] = this.#ended;
      if (oldest === undefined || oldest === job.jobId) return;
      this.#forget(oldest);
    }
  }

  #forget(jobId: string): void {
    this.#ended.delete(jobId);
    const job = this.#jobs.get(jobId);
    if (job === undefined) return;
    this.#endedSize -= job.log?.size ?? 0;
    this.#jobs.delete(jobId);
    if (job.idempotencyKey !== undefined) this.#keys.delete(keyOf(job.principal, job.idempotencyKey));
  }
}

function keyOf(principal: string, idempotencyKey: string): string {
  return JSON.stringify([principal, idempotencyKey]);
}

function withoutLog(job: StoredJob | undefined): JobRecord | undefined {
  if (job === undefined) return undefined;
  const { log: _, ...record } = job;
  return record;
}
