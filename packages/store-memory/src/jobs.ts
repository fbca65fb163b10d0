import { jobId, jobSessionId } from "@pawl/core";
import type { JobQuery, JobRecord, JobSession, Jobs, NodeLease } from "@pawl/core/ports";
import type { MemoryContext } from "./context.ts";
import { conflict, fenced } from "./errors.ts";
import { ownsNode } from "./fence.ts";
import { frozenCopy, storableKey } from "./frozen-copy.ts";
import { appendJobBatch, headOf, same } from "./job-batch.ts";
import type { JobSessionRow, MemoryState } from "./memory-state.ts";
import type { Sections } from "./sections.ts";

export function jobSections({ state, hints, now }: MemoryContext): Sections<Jobs> {
  return {
    openSession(given, holder) {
      const { sessionId, document, expiresAt } = frozenCopy(given, "The job session");
      jobSessionId(sessionId);
      const known = state.jobSessions.get(sessionId);
      if (known !== undefined) {
        if (known.epoch === 1 && same(known.opened, { document, expiresAt })) return sessionOf(known);
        throw conflict(`Job session id "${sessionId}" is taken.`);
      }
      const opened = { document, expiresAt };
      const row: JobSessionRow = {
        sessionId,
        opened,
        ...opened,
        holder: holder ?? null,
        epoch: 1,
        acked: 0,
        first: 1,
        stream: [],
      };
      state.jobSessions.set(sessionId, row);
      return sessionOf(row);
    },

    loadSession(sessionId) {
      const row = state.jobSessions.get(sessionId);
      return row === undefined ? null : sessionOf(row);
    },

    claimSession(sessionId, holder) {
      const row = state.jobSessions.get(sessionId);
      if (row === undefined) return null;
      row.epoch += 1;
      row.holder = holder ?? null;
      hints.claimed(sessionId);
      return sessionOf(row);
    },

    claimOrphans(holder, limit) {
      const at = now();
      if (state.nodes.get(holder.nodeId)?.paused === true) return [];
      const live = new Set<JobSessionRow>();
      for (const { record } of state.jobs.values()) {
        const owner = record.live ? state.jobSessions.get(record.sessionId) : undefined;
        if (owner !== undefined) live.add(owner);
      }
      const orphans = [...live].filter((row) => row.holder !== null && !lives(state, row.holder, at));
      return orphans.slice(0, Math.max(0, limit)).map((row) => {
        row.epoch += 1;
        row.holder = holder;
        hints.claimed(row.sessionId);
        return sessionOf(row);
      });
    },

    updateSession(sessionId, epoch, given) {
      const change = frozenCopy(given, "The change of a job session");
      const row = state.jobSessions.get(sessionId);
      if (row?.epoch !== epoch) return false;
      if (change.document !== undefined)
        row.document = Object.freeze({ ...row.document, ...change.document });
      if (change.expiresAt !== undefined) row.expiresAt = change.expiresAt;
      return true;
    },

    closeSession(sessionId, epoch) {
      if (state.jobSessions.get(sessionId)?.epoch !== epoch) return false;
      return state.jobSessions.delete(sessionId);
    },

    acknowledge(sessionId, seq) {
      const row = state.jobSessions.get(sessionId);
      if (row !== undefined) row.acked = Math.max(row.acked, Math.min(seq, headOf(row)));
    },

    trim(sessionId, seq, { evenUnacknowledged = false } = {}) {
      const row = state.jobSessions.get(sessionId);
      if (row === undefined) return;
      const last = Math.min(seq, headOf(row), evenUnacknowledged ? seq : row.acked);
      if (last < row.first) return;
      row.stream.splice(0, last - row.first + 1);
      row.first = last + 1;
    },

    deliveries(sessionId, { after = 0, limit = Number.POSITIVE_INFINITY } = {}) {
      const row = state.jobSessions.get(sessionId);
      const from = Math.max(0, after + 1 - (row?.first ?? 1));
      const found = row?.stream.slice(from, from + Math.max(0, limit)) ?? [];
      return found.map(({ event, ...delivery }) => {
        // The log of a job that was pruned is gone from the streams too.
        const isThere = event !== null && state.jobs.has(event.jobId);
        return Object.freeze({ ...delivery, event: isThere ? event : null });
      });
    },

    retainedFrom(sessionId) {
      return state.jobSessions.get(sessionId)?.first ?? 1;
    },

    create(given, { epoch } = {}) {
      const job = frozenCopy(given, "The job");
      jobId(job.jobId);
      if (job.idempotencyKey !== undefined) storableKey(job.idempotencyKey, "The idempotency key");
      storableKey(job.principal, "The principal");
      const key = job.idempotencyKey && keyOf(job.principal, job.idempotencyKey);
      const earlier = key === undefined ? undefined : state.jobKeys.get(key);
      const known = state.jobs.get(earlier ?? job.jobId);
      if (known !== undefined) {
        if (known.record.jobId !== job.jobId) return { job: known.record, duplicate: true };
        if (same(known.created, job)) return { job: known.record, duplicate: false };
        throw conflict(`Job id "${job.jobId}" is taken.`);
      }
      if (epoch !== undefined && state.jobSessions.get(job.sessionId)?.epoch !== epoch)
        throw fenced(job.sessionId);
      const endedAt = job.live ? null : now();
      const record: JobRecord = Object.freeze({ ...job, version: 1, head: 0, endedAt });
      state.jobs.set(job.jobId, { created: job, record, events: [] });
      if (key !== undefined) state.jobKeys.set(key, job.jobId);
      hints.job(job.jobId);
      return { job: record, duplicate: false };
    },

    load(id) {
      return state.jobs.get(id)?.record ?? null;
    },

    loadByKey(principal, key) {
      const id = state.jobKeys.get(keyOf(principal, key));
      return (id && state.jobs.get(id)?.record) ?? null;
    },

    list(query) {
      const found = [...state.jobs.values()].map(({ record }) => record).filter((job) => matches(job, query));
      found.sort(query.newestFirst ? (a, b) => inOrder(b, a) : inOrder);
      return found.slice(0, Math.max(0, query.limit));
    },

    append(given) {
      const { changed, refused } = appendJobBatch(state, given, now());
      for (const id of changed) hints.job(id);
      return { refused };
    },

    events(id, { after = 0, limit = Number.POSITIVE_INFINITY } = {}) {
      return state.jobs.get(id)?.events.slice(after, after + Math.max(0, limit)) ?? [];
    },

    onChange: (listener) => hints.onJob(listener),

    onClaimed: (listener) => hints.onClaimed(listener),

    keepCredentials(given) {
      for (const credential of frozenCopy(given, "The credentials")) {
        const { credentialId } = credential;
        if (!state.jobCredentials.has(credentialId)) state.jobCredentials.set(credentialId, credential);
      }
    },

    dropCredential(id) {
      state.jobCredentials.delete(id);
    },

    credentials() {
      return [...state.jobCredentials.values()];
    },

    prune(before, limit) {
      const old = [...state.jobs.values()]
        .map(({ record }) => record)
        .filter(({ endedAt }) => endedAt !== null && endedAt < before)
        .slice(0, Math.max(0, limit));
      for (const job of old) {
        state.jobs.delete(job.jobId);
        if (job.idempotencyKey !== undefined) state.jobKeys.delete(keyOf(job.principal, job.idempotencyKey));
      }
      const owners = new Set(
        [...state.jobs.values()].filter(({ record }) => record.live).map(({ record }) => record.sessionId),
      );
      const over = [...state.jobSessions.values()]
        .filter((s) => s.expiresAt !== null && s.expiresAt < before && !owners.has(s.sessionId))
        .slice(0, Math.max(0, limit));
      for (const { sessionId } of over) state.jobSessions.delete(sessionId);
      return old.length;
    },
  };
}

function lives(state: MemoryState, holder: NodeLease, at: number): boolean {
  const node = state.nodes.get(holder.nodeId);
  return ownsNode(node, holder) && node.expiresAt > at;
}

function matches(job: JobRecord, query: JobQuery): boolean {
  const { principals, statuses, sessionId, live, agent, createdAfter, createdBefore, after, newestFirst } =
    query;
  return (
    (principals?.includes(job.principal) ?? true) &&
    (statuses?.includes(job.status) ?? true) &&
    (sessionId === undefined || job.sessionId === sessionId) &&
    (live === undefined || job.live === live) &&
    (agent === undefined ||
      job.agent === agent ||
      (!agent.includes("@") && job.agent.startsWith(`${agent}@`))) &&
    (createdAfter === undefined || job.createdAt > createdAfter) &&
    (createdBefore === undefined || job.createdAt < createdBefore) &&
    (after === undefined || (newestFirst ? inOrder(job, after) < 0 : inOrder(job, after) > 0))
  );
}

type Position = NonNullable<JobQuery["after"]>;

function inOrder(a: Position, b: Position): number {
  return a.createdAt - b.createdAt || (a.jobId < b.jobId ? -1 : a.jobId > b.jobId ? 1 : 0);
}

function sessionOf(row: JobSessionRow): JobSession {
  const { sessionId, document, expiresAt, epoch, acked } = row;
  return Object.freeze({ sessionId, document, expiresAt, epoch, head: headOf(row), acked });
}

function keyOf(principal: string, key: string): string {
  return JSON.stringify([principal, key]);
}
