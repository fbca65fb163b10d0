import {
  batchWithout,
  canonicalJson,
  fallsWith,
  type JobBatch,
  type JobId,
  type JobSessionId,
  type Json,
  oneChangeAJob,
} from "@pawl/core";
import type { JobRecord, RefusedJobSession } from "@pawl/core/ports";
import { frozenCopy } from "./frozen-copy.ts";
import type { JobSessionRow, MemoryState } from "./memory-state.ts";

/** Appends what is not refused; jobs that changed are named. */
export function appendJobBatch(
  state: MemoryState,
  given: JobBatch,
  at: number,
): { readonly changed: ReadonlySet<JobId>; readonly refused: readonly RefusedJobSession[] } {
  const checked = frozenCopy(given, "The batch of job events");
  const refused: RefusedJobSession[] = [];
  let batch: JobBatch = { ...checked, changes: oneChangeAJob(checked.changes) };
  for (;;) {
    const found = refusals(state, batch);
    if (found.size === 0) break;
    const fallen = fallsWith(batch, new Set(found.keys()));
    for (const sessionId of fallen) {
      refused.push({ sessionId, reason: found.get(sessionId) ?? "conflict" });
    }
    batch = batchWithout(batch, fallen);
  }
  return { changed: write(state, batch, at), refused };
}

export function headOf({ first, stream }: JobSessionRow): number {
  return first + stream.length - 1;
}

export function same(a: unknown, b: unknown): boolean {
  return canonicalJson(a as Json) === canonicalJson(b as Json);
}

function write(state: MemoryState, batch: JobBatch, at: number): ReadonlySet<JobId> {
  const changed = new Set<JobId>();
  for (const { jobId, seq, body } of batch.events) {
    const job = state.jobs.get(jobId)!;
    if (seq <= job.events.length) continue;
    job.events.push(Object.freeze({ jobId, seq, body }));
    job.record = Object.freeze({ ...job.record, head: seq });
    changed.add(jobId);
  }
  for (const delivery of batch.deliveries) {
    const session = state.jobSessions.get(delivery.sessionId)!;
    if (delivery.seq <= headOf(session)) continue;
    const { sessionId, seq } = delivery;
    const isEvent = "jobId" in delivery;
    const event = isEvent ? state.jobs.get(delivery.jobId)!.events[delivery.jobSeq - 1]! : null;
    session.stream.push(Object.freeze({ sessionId, seq, event, body: isEvent ? null : delivery.body }));
  }
  for (const change of batch.changes) {
    const job = state.jobs.get(change.jobId)!;
    const next = changedRecord(job.record, change, at);
    if (next === job.record) continue;
    job.record = next;
    changed.add(change.jobId);
  }
  return changed;
}

type Change = JobBatch["changes"][number];

/** What stands against this batch, by session. Changes nothing. */
function refusals(
  state: MemoryState,
  batch: JobBatch,
): ReadonlyMap<JobSessionId, RefusedJobSession["reason"]> {
  const refused = new Map<JobSessionId, RefusedJobSession["reason"]>();
  const epochs = new Map(batch.epochs.map(({ sessionId, epoch }) => [sessionId, epoch]));
  const named = [
    ...epochs.keys(),
    ...[...batch.events, ...batch.deliveries, ...batch.changes].map((p) => p.sessionId),
  ];
  for (const sessionId of named) {
    if (state.jobSessions.get(sessionId)?.epoch !== epochs.get(sessionId)) refused.set(sessionId, "fenced");
  }
  const misfit = (sessionId: JobSessionId) => {
    if (!refused.has(sessionId)) refused.set(sessionId, "conflict");
  };
  const heads = new Map<JobId, number>();
  const fresh = new Map<string, Json>();
  for (const { jobId, sessionId, seq, body } of batch.events) {
    const job = state.jobs.get(jobId);
    if (job?.record.sessionId !== sessionId) {
      misfit(sessionId);
      continue;
    }
    const head = heads.get(jobId) ?? job.events.length;
    const stored = job.events[seq - 1];
    if (stored === undefined && seq === head + 1) {
      heads.set(jobId, seq);
      fresh.set(`${seq} ${jobId}`, body);
    } else if (stored === undefined || !same(stored.body, body)) misfit(sessionId);
  }
  const ends = new Map<JobSessionId, number>();
  for (const delivery of batch.deliveries) {
    const { sessionId, seq } = delivery;
    const session = state.jobSessions.get(sessionId);
    if (session === undefined) continue;
    const end = ends.get(sessionId) ?? headOf(session);
    const isThere =
      !("jobId" in delivery) ||
      state.jobs.get(delivery.jobId)?.events[delivery.jobSeq - 1] !== undefined ||
      fresh.has(`${delivery.jobSeq} ${delivery.jobId}`);
    if (seq === end + 1 && isThere) ends.set(sessionId, seq);
    else if (seq > end || !isThere || !isStored(session, delivery)) misfit(sessionId);
  }
  for (const change of batch.changes) {
    const record = state.jobs.get(change.jobId)?.record;
    if (record?.sessionId !== change.sessionId) misfit(change.sessionId);
    else if (change.version !== undefined && change.version !== record.version) {
      // What is so already may be asked for again.
      if (changedRecord(record, change, 0) !== record) misfit(change.sessionId);
    }
  }
  return refused;
}

/** What was let go cannot be compared any more. */
function isStored(session: JobSessionRow, delivery: JobBatch["deliveries"][number]): boolean {
  const stored = session.stream[delivery.seq - session.first];
  if (stored === undefined) return delivery.seq < session.first;
  return "jobId" in delivery
    ? stored.event?.jobId === delivery.jobId && stored.event.seq === delivery.jobSeq
    : stored.event === null && same(stored.body, delivery.body);
}

/** The same record when the change changes nothing. */
function changedRecord(record: JobRecord, { status, live, document }: Change, now: number): JobRecord {
  const next = {
    ...record,
    ...(status !== undefined && { status }),
    ...(live !== undefined && { live }),
    document: Object.freeze({ ...record.document, ...document }),
  };
  if (same(next, record)) return record;
  const endedAt = next.live ? null : (record.endedAt ?? now);
  return Object.freeze({ ...next, version: record.version + 1, endedAt });
}
