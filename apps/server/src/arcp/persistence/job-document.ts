import {
  type Feature,
  isTerminal,
  type JobState,
  type JobStatus,
  type Lease,
  type LeaseConstraints,
  wireStatus,
} from "@pawl/arcp-protocol";
import type { JobRecord, JobUpdate } from "@pawl/arcp-protocol/persistence";
import { type JobId, type JobSessionId, type JsonObject, PawlError } from "@pawl/core";
import type { NewJob, JobRecord as StoredJob } from "@pawl/core/ports";
import { z } from "zod";

/**
 * How a job of the protocol lies in the store: what listings ask for in columns, what changes as members of the document, and the
 * rest as one text. A text can hold everything that a client may say, also characters that the database has no place for.
 */
const documentSchema = z.object({
  v: z.literal(1),
  /** JSON of what never changes. */
  facts: z.string(),
  state: z.string(),
  budget: z.array(z.string()).optional(),
  credentialIds: z.array(z.string()),
  /** JSON of a text. */
  cancelReason: z.string().optional(),
  /** As of the job's end; before it the log knows better. */
  lastEventSeq: z.number().optional(),
});

interface Facts {
  readonly correlationId: string;
  readonly input: unknown;
  readonly traceId: string;
  readonly lease: Lease;
  readonly runUntil?: number;
  readonly parentJobId?: string;
  readonly delegateId?: string;
  readonly leaseConstraints?: LeaseConstraints;
  readonly initialBudget?: string[];
  readonly fingerprint?: string;
}

export function newJobOf(record: JobRecord): NewJob {
  const { jobId, sessionId, principal, agent, state, createdAt, idempotencyKey, budget, credentialIds } =
    record;
  const { correlationId, input, traceId, lease, runUntil, parentJobId, delegateId } = record;
  const { leaseConstraints, initialBudget, fingerprint } = record;
  const facts: { [Fact in keyof Facts]: Facts[Fact] | undefined } = {
    correlationId,
    input,
    traceId,
    lease,
    runUntil,
    parentJobId,
    delegateId,
    leaseConstraints,
    initialBudget,
    fingerprint,
  };
  return {
    jobId: jobId as JobId,
    sessionId: sessionId as JobSessionId,
    principal,
    agent,
    status: wireStatus(state),
    live: !isTerminal(state),
    createdAt,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    document: {
      v: 1,
      facts: JSON.stringify(facts),
      state,
      credentialIds,
      ...(budget !== undefined && { budget }),
    },
  };
}

/** `last`: what the job's log says of its end, for a job that lives. @throws PawlError `arcp_record_unreadable` */
export function jobRecordOf(job: StoredJob, last?: { ownerSeq: number; source?: string }): JobRecord {
  const { jobId, sessionId, principal, agent, createdAt, head, endedAt, idempotencyKey } = job;
  const { facts, state, budget, credentialIds, cancelReason, lastEventSeq } = read(
    documentSchema,
    job.document,
    jobId,
  );
  return {
    jobId,
    sessionId,
    principal,
    agent,
    createdAt,
    state: state as JobState,
    ...(JSON.parse(facts) as Facts),
    lastEventSeq: lastEventSeq ?? last?.ownerSeq ?? 0,
    lastJobSeq: head,
    credentialIds,
    ...(endedAt !== null && { endedAt }),
    ...(budget !== undefined && { budget }),
    ...(cancelReason !== undefined && { cancelReason: JSON.parse(cancelReason) as string }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(last?.source !== undefined && { source: last.source }),
  };
}

/** What an update changes of the stored job; `lastEventSeq` is stored with its end. */
export function changeOf(
  { state, budget, credentialIds, cancelReason }: JobUpdate,
  lastEventSeq: number | undefined,
): { status?: JobStatus; live?: boolean; document: JsonObject } {
  const ends = state !== undefined && isTerminal(state);
  return {
    ...(state !== undefined && { status: wireStatus(state), live: !ends }),
    document: {
      ...(state !== undefined && { state }),
      ...(budget !== undefined && { budget }),
      ...(credentialIds !== undefined && { credentialIds }),
      ...(cancelReason !== undefined && { cancelReason: JSON.stringify(cancelReason) }),
      ...(ends && lastEventSeq !== undefined && { lastEventSeq }),
    },
  };
}

const sessionSchema = z.object({
  principal: z.string(),
  tokenHash: z.string(),
  features: z.array(z.string()),
  createdAt: z.number(),
});

export function sessionFactsOf(document: JsonObject, sessionId: string) {
  const { features, ...facts } = read(sessionSchema, document, sessionId);
  return { ...facts, features: features as Feature[] };
}

export function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PawlError(
    "arcp_record_unreadable",
    `What is stored of "${what}" cannot be read: a newer server wrote it, or somebody else. Run the version that wrote it, or a newer one.`,
    { blame: "infrastructure", cause: parsed.error },
  );
}
