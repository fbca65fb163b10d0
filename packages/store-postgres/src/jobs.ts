import {
  batchWithout,
  fallsWith,
  type JobBatch,
  type JobSessionId,
  type JsonObject,
  jobId,
  jobSessionId,
  oneChangeAJob,
} from "@pawl/core";
import type { JobQuery, Jobs, NodeLease, RefusedJobSession } from "@pawl/core/ports";
import type { Row } from "./connection/database.ts";
import { SharedWrites } from "./connection/shared-writes.ts";
import type { StoreContext } from "./context.ts";
import { conflict, fenced } from "./errors.ts";
import { nodeValues } from "./fence-values.ts";
import { textColumn } from "./rows/column.ts";
import { readableRows } from "./rows/decoded-column.ts";
import { deliveryOfRow, jobEventOfRow, jobOfRow, jobSessionOfRow } from "./rows/job-row.ts";
import { acknowledgeDeliveries } from "./statements/acknowledge-deliveries.ts";
import { appendJobBatch } from "./statements/append-job-batch.ts";
import { claimJobSession } from "./statements/claim-job-session.ts";
import { claimOrphanedJobSessions } from "./statements/claim-orphaned-job-sessions.ts";
import { closeJobSession } from "./statements/close-job-session.ts";
import { createJob } from "./statements/create-job.ts";
import { createJobs } from "./statements/create-jobs.ts";
import { dropJobCredential } from "./statements/drop-job-credential.ts";
import { keepJobCredentials } from "./statements/keep-job-credentials.ts";
import { listJobCredentials } from "./statements/list-job-credentials.ts";
import { listJobs, listNewestJobs } from "./statements/list-jobs.ts";
import { listPrincipalsJobs, listPrincipalsNewestJobs } from "./statements/list-principals-jobs.ts";
import { loadJob } from "./statements/load-job.ts";
import { loadJobByKey } from "./statements/load-job-by-key.ts";
import { loadJobSession } from "./statements/load-job-session.ts";
import { openJobSession } from "./statements/open-job-session.ts";
import { openJobSessions } from "./statements/open-job-sessions.ts";
import { pruneJobs } from "./statements/prune-jobs.ts";
import { readDeliveries } from "./statements/read-deliveries.ts";
import { readJobEvents } from "./statements/read-job-events.ts";
import { trimDeliveries } from "./statements/trim-deliveries.ts";
import { updateJobSession } from "./statements/update-job-session.ts";
import { updateJobSessions } from "./statements/update-job-sessions.ts";
import { storableJson, storableKey, storableText } from "./storable.ts";

/** Two that make the same at once: the second sees the first at the next look. */
const MOST_RACES = 5;

export function postgresJobs(context: StoreContext): Jobs {
  const { database, hints, channels, digest, newId } = context;
  const sessionOf = (row: Row) => textColumn(row, "session_id", "A job session");
  const opened = new SharedWrites({ database, statement: openJobSessions, keyOf: sessionOf });
  const updated = new SharedWrites({ database, statement: updateJobSessions, keyOf: sessionOf });
  const created = new SharedWrites({
    database,
    statement: createJobs,
    values: [channels.jobs],
    keyOf: (row) => textColumn(row, "job_id", "A job"),
  });

  /** What stands against the batch; nothing does, and it was written. */
  async function refusals(batch: JobBatch): Promise<ReadonlyMap<JobSessionId, RefusedJobSession["reason"]>> {
    const { epochs, events, deliveries, changes } = batch;
    if (epochs.length + events.length + deliveries.length + changes.length === 0) return new Map();
    const values = [
      ...[epochs, events, deliveries, changes].map((part) => JSON.stringify(part)),
      channels.jobs,
    ];
    const rows = await database.write(appendJobBatch, values);
    const refused = new Map<JobSessionId, RefusedJobSession["reason"]>();
    for (const row of rows) {
      if (row.session_id === null) continue;
      const sessionId = textColumn(row, "session_id", "A refusal") as JobSessionId;
      if (row.reason === "fenced" || !refused.has(sessionId)) {
        refused.set(sessionId, row.reason === "fenced" ? "fenced" : "conflict");
      }
    }
    return refused;
  }

  return {
    async openSession({ sessionId: given, document, expiresAt }, holder) {
      const sessionId = jobSessionId(given);
      const text = storableJson(document, "The job session");
      const asked = digest({ document, expiresAt });
      const stored = JSON.parse(text) as JsonObject;
      const row = { ...holder, sessionId, document: stored, digest: asked, expiresAt };
      if ((await opened.write({ key: sessionId, row, characters: text.length })) !== undefined)
        return { sessionId, document: stored, expiresAt, epoch: 1, head: 0, acked: 0 };
      for (let races = 0; races < MOST_RACES; races++) {
        const [row] = await database.write(openJobSession, [
          sessionId,
          text,
          asked,
          expiresAt,
          ...holderValues(holder),
        ]);
        if (row === undefined) continue;
        const session = jobSessionOfRow(row);
        if (session.epoch === 1 && row.opened_digest === asked) return session;
        break;
      }
      throw conflict(`Job session id "${sessionId}" is taken.`);
    },

    async loadSession(sessionId) {
      const [row] = await database.read(loadJobSession, [sessionId]);
      return row === undefined ? null : jobSessionOfRow(row);
    },

    async claimSession(sessionId, holder) {
      const values = [sessionId, ...holderValues(holder), channels.jobs];
      const [row] = await database.write(claimJobSession, values);
      if (row === undefined) return null;
      hints.claimed(sessionId);
      return jobSessionOfRow(row);
    },

    async claimOrphans(holder, limit) {
      const values = [...nodeValues(holder), Math.max(0, limit), newId(), channels.jobs];
      const taken = (await database.write(claimOrphanedJobSessions, values)).map(jobSessionOfRow);
      for (const { sessionId } of taken) hints.claimed(sessionId);
      return taken;
    },

    async updateSession(sessionId, epoch, { document, expiresAt }) {
      const members = document && storableJson(document, "The change of a job session");
      const row = {
        sessionId,
        epoch,
        document: members === undefined ? null : (JSON.parse(members) as JsonObject),
        setsExpiry: expiresAt !== undefined,
        expiresAt: expiresAt ?? null,
      };
      if ((await updated.write({ key: sessionId, row, characters: members?.length ?? 0 })) !== undefined)
        return true;
      const values = [sessionId, epoch, members ?? null, expiresAt !== undefined, expiresAt ?? null];
      return (await database.write(updateJobSession, values)).length > 0;
    },

    async closeSession(sessionId, epoch) {
      const { rows, repeated } = await database.writeTold(closeJobSession, [sessionId, epoch]);
      if (rows.length > 0 || !repeated) return rows.length > 0;
      return (await database.read(loadJobSession, [sessionId])).length === 0;
    },

    async acknowledge(sessionId, seq) {
      await database.write(acknowledgeDeliveries, [sessionId, seq]);
    },

    async trim(sessionId, seq, { evenUnacknowledged = false } = {}) {
      await database.write(trimDeliveries, [sessionId, seq, evenUnacknowledged]);
    },

    async deliveries(sessionId, { after = 0, limit } = {}) {
      return (await database.read(readDeliveries, [sessionId, after, limit ?? null])).map(deliveryOfRow);
    },

    async retainedFrom(sessionId) {
      const [row] = await database.read(loadJobSession, [sessionId]);
      return row === undefined ? 1 : Number(row.first_seq);
    },

    async create(job, { epoch } = {}) {
      const { idempotencyKey } = job;
      jobId(job.jobId);
      jobSessionId(job.sessionId);
      storableKey(job.principal, "The principal");
      if (idempotencyKey !== undefined) storableKey(idempotencyKey, "The idempotency key");
      const json = storableJson(job, "The job");
      const text = JSON.parse(json) as typeof job;
      const asked = digest(text);
      const asUsual = { key: text.jobId, row: { ...text, digest: asked, epoch }, characters: json.length };
      if (text.live && (await created.write(asUsual)) !== undefined) {
        hints.job(text.jobId);
        return { job: { ...text, version: 1, head: 0, endedAt: null }, duplicate: false };
      }
      const { sessionId, principal, agent, status, live, createdAt } = text;
      const values = [
        text.jobId,
        sessionId,
        principal,
        agent,
        status,
        live,
        createdAt,
        idempotencyKey ?? null,
      ];
      values.push(JSON.stringify(text.document), asked, channels.jobs, epoch ?? null);
      for (let races = 0; races < MOST_RACES; races++) {
        const rows = await database.write(createJob, values);
        const sameKey = rows.find(
          (row) =>
            idempotencyKey !== undefined &&
            row.principal === principal &&
            row.idempotency_key === idempotencyKey,
        );
        const row = sameKey ?? rows.find(({ fenced: refused }) => refused !== true);
        if (row === undefined && rows.length > 0) throw fenced(sessionId);
        if (row === undefined) continue;
        const found = jobOfRow(row);
        if (found.jobId !== text.jobId) return { job: found, duplicate: true };
        if (row.created_digest !== asked) break;
        hints.job(found.jobId);
        return { job: found, duplicate: false };
      }
      throw conflict(`Job id "${job.jobId}" is taken.`);
    },

    async load(id) {
      const [row] = await database.read(loadJob, [id]);
      return row === undefined ? null : jobOfRow(row);
    },

    async loadByKey(principal, key) {
      const values = [storableText(principal, "The principal"), storableText(key, "The idempotency key")];
      const [row] = await database.read(loadJobByKey, values);
      return row === undefined ? null : jobOfRow(row);
    },

    async list(query) {
      const [ofAll, ofSome] = query.newestFirst
        ? [listNewestJobs, listPrincipalsNewestJobs]
        : [listJobs, listPrincipalsJobs];
      const one = query.principals === undefined ? ofAll : ofSome;
      return readableRows(await database.read(one, queryValues(query)), jobOfRow, context.logger);
    },

    async append(given) {
      // A copy at once: what was handed in may be changed while the database answers.
      const checked = JSON.parse(storableJson(given, "The batch of job events")) as JobBatch;
      const refused: RefusedJobSession[] = [];
      let batch: JobBatch = { ...checked, changes: oneChangeAJob(checked.changes) };
      for (;;) {
        let found = await refusals(batch);
        if ([...found.values()].includes("conflict")) found = await refusals(batch);
        if (found.size === 0) break;
        const fallen = fallsWith(batch, new Set(found.keys()));
        for (const sessionId of fallen) {
          refused.push({ sessionId, reason: found.get(sessionId) ?? "conflict" });
        }
        batch = batchWithout(batch, fallen);
      }
      for (const id of new Set([...batch.events, ...batch.changes].map((part) => part.jobId))) hints.job(id);
      return { refused };
    },

    async events(id, { after = 0, limit } = {}) {
      return (await database.read(readJobEvents, [id, after, limit ?? null])).map(jobEventOfRow);
    },

    onChange: (listener) => hints.onJob(listener),

    onClaimed: (listener) => hints.onClaimed(listener),

    async keepCredentials(credentials) {
      await database.write(keepJobCredentials, [storableJson(credentials, "The credentials")]);
    },

    async dropCredential(id) {
      await database.write(dropJobCredential, [storableText(id, "The id of a credential")]);
    },

    async credentials() {
      return (await database.read(listJobCredentials, [])).map((row) => ({
        credentialId: textColumn(row, "credential_id", "A credential"),
        document: row.document as JsonObject,
      }));
    },

    async prune(before, limit) {
      return (await database.write(pruneJobs, [before, Math.max(0, limit)])).length;
    },
  };
}

function holderValues(holder: NodeLease | undefined): unknown[] {
  return holder === undefined ? [null, null, null] : nodeValues(holder);
}

function queryValues(query: JobQuery): unknown[] {
  const { principals, statuses, sessionId, live, agent, createdAfter, createdBefore, after, limit } = query;
  storableJson([principals ?? [], statuses ?? [], agent ?? ""], "The query");
  return [
    principals ?? null,
    statuses ?? null,
    sessionId ?? null,
    live ?? null,
    agent ?? null,
    createdAfter ?? null,
    createdBefore ?? null,
    after?.createdAt ?? null,
    after?.jobId ?? null,
    Math.max(0, limit),
  ];
}
