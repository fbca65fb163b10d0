import type { JobId, JobSessionId } from "../ids.ts";
import type { JobBatch } from "../jobs/job-batch.ts";
import type { Json, JsonObject } from "../json.ts";
import type { NodeLease } from "./leases.ts";

export interface NewJobSession {
  readonly sessionId: JobSessionId;
  /** Whose it is, hashes of resume tokens, what was agreed on: opaque to the stores. Never a token itself. */
  readonly document: JsonObject;
  /** Until when it may be resumed, milliseconds since the epoch; null while a connection is attached. */
  readonly expiresAt: number | null;
}

/** A client's session with the job server: one stream of numbered deliveries, held by one process at a time. */
export interface JobSession extends NewJobSession {
  /** Raised by each claim; every write of the holder proves it. */
  readonly epoch: number;
  /** Number of the last delivery; the stream is dense, from 1. */
  readonly head: number;
  /** The client has processed this far. */
  readonly acked: number;
}

export interface NewJob {
  readonly jobId: JobId;
  /** The session that owns it: only its holder appends to the job's log. */
  readonly sessionId: JobSessionId;
  /** Who submitted it. */
  readonly principal: string;
  /** `name`, or `name@version`. */
  readonly agent: string;
  readonly status: string;
  /** It has not ended. */
  readonly live: boolean;
  /** Milliseconds since the epoch, by the caller's clock: listings are in this order. */
  readonly createdAt: number;
  /** Unique together with the principal for as long as the job is kept. At most `MAX_KEY_LENGTH` characters. */
  readonly idempotencyKey?: string;
  /** Everything else of it: opaque to the stores. */
  readonly document: JsonObject;
}

export interface JobRecord extends NewJob {
  /** Raised by each change of the record, from 1. */
  readonly version: number;
  /** Number of its last event; 0 without any. */
  readonly head: number;
  /** Milliseconds since the epoch by the store's clock. */
  readonly endedAt: number | null;
}

export interface JobQuery {
  /** Any of these; absent: of everybody. */
  readonly principals?: readonly string[];
  readonly statuses?: readonly string[];
  readonly sessionId?: JobSessionId;
  readonly live?: boolean;
  /** Without an `@` every version of that name, else exactly this one. */
  readonly agent?: string;
  /** Both exclusive. */
  readonly createdAfter?: number;
  readonly createdBefore?: number;
  /** The order is turned round. */
  readonly newestFirst?: boolean;
  /** Where the last page ended. */
  readonly after?: { readonly createdAt: number; readonly jobId: JobId };
  readonly limit: number;
}

export interface JobEvent {
  readonly jobId: JobId;
  /** Dense per job, from 1. */
  readonly seq: number;
  readonly body: Json;
}

/** A number in a session's stream, and what stands there: an event of a job, or a body of its own. */
export interface JobDelivery {
  readonly sessionId: JobSessionId;
  /** Dense per session, from 1. */
  readonly seq: number;
  /** Null also when the job was pruned. */
  readonly event: JobEvent | null;
  /** Of a delivery without an event, else null. */
  readonly body: Json;
}

/** A session of which nothing was written. `fenced`: somebody else holds it. `conflict`: a number or a version is not the next one. */
export interface RefusedJobSession {
  readonly sessionId: JobSessionId;
  readonly reason: "fenced" | "conflict";
}

/**
 * Jobs of the job protocol, the sessions that submitted them, and the streams that those are sent (D25): everything is written
 * before it is sent, so that a client resumes after the process that served it is gone, on another node too.
 */
export interface Jobs {
  /**
   * The caller holds it, under epoch 1. `holder` names its node, so that others notice when it is gone. The same again is accepted.
   * @throws PawlError `store_conflict` (the id is taken), `not_storable`
   */
  openSession(session: NewJobSession, holder?: NodeLease): Promise<JobSession>;
  loadSession(sessionId: JobSessionId): Promise<JobSession | null>;
  /** Takes the session over: its epoch is raised, and the holder before writes nothing any more. Null when there is none. */
  claimSession(sessionId: JobSessionId, holder?: NodeLease): Promise<JobSession | null>;
  /**
   * Takes over sessions that own live jobs and whose holder was named and is gone: its lease ran out, was taken over or given back, or
   * its process is known to be dead. Each goes to one caller. Sessions that nobody's name stands on are left. A paused node takes none.
   */
  claimOrphans(holder: NodeLease, limit: number): Promise<readonly JobSession[]>;
  /** Members of `document` replace those of the same name. False when the epoch is stale, or the session gone. @throws PawlError `not_storable` */
  updateSession(
    sessionId: JobSessionId,
    epoch: number,
    change: { readonly document?: JsonObject; readonly expiresAt?: number | null },
  ): Promise<boolean>;
  /** Forgets the session and its stream; its jobs stay. False when the epoch is stale, or the session gone. */
  closeSession(sessionId: JobSessionId, epoch: number): Promise<boolean>;
  /** The client has processed this far. Never goes back. */
  acknowledge(sessionId: JobSessionId, seq: number): Promise<void>;
  /** Lets go of a session's deliveries up to and with `seq`, never of what is not acknowledged unless `evenUnacknowledged`. */
  trim(
    sessionId: JobSessionId,
    seq: number,
    options?: { readonly evenUnacknowledged?: boolean },
  ): Promise<void>;
  /** In order, after a number. Begins later than asked when the beginning was let go. */
  deliveries(
    sessionId: JobSessionId,
    query?: { readonly after?: number; readonly limit?: number },
  ): Promise<readonly JobDelivery[]>;
  /** The oldest number that is still there; one past the last when none is. */
  retainedFrom(sessionId: JobSessionId): Promise<number>;

  /**
   * Stores a job, unless this principal has one under the key already: then that one is returned as `duplicate`, whatever is in it.
   * The same job again is accepted. With `epoch` only for the holder of its session, so that whoever takes the session over next sees
   * the job. @throws PawlError `store_conflict` (the id is taken), `not_storable`, `store_fenced` (somebody else holds the session)
   */
  create(
    job: NewJob,
    options?: { readonly epoch?: number },
  ): Promise<{ readonly job: JobRecord; readonly duplicate: boolean }>;
  load(jobId: JobId): Promise<JobRecord | null>;
  loadByKey(principal: string, idempotencyKey: string): Promise<JobRecord | null>;
  /** In the order of creation, then of ids; the other way round with `newestFirst`. */
  list(query: JobQuery): Promise<readonly JobRecord[]>;
  /**
   * Appends events, deliveries and changes of jobs, all in one transaction, except for what belongs to sessions that are refused: those
   * are named, with every session that would have been sent an event of a job of theirs. The same batch again (after a lost response)
   * is recognised and accepted. @throws PawlError `not_storable`, `store_write_failed`, `store_outcome_unknown` (append again)
   */
  append(batch: JobBatch): Promise<{ readonly refused: readonly RefusedJobSession[] }>;
  /** A job's log in order, after a number. */
  events(
    jobId: JobId,
    query?: { readonly after?: number; readonly limit?: number },
  ): Promise<readonly JobEvent[]>;
  /** Hints that a job's log may have grown or its record changed, or that of any (undefined); they may be lost, a poll is the truth. */
  onChange(listener: (jobId: JobId | undefined) => void): () => void;
  /** Hints that a session may have been claimed, so that its holder before lets go of its client; they may be lost. */
  onClaimed(listener: (sessionId: JobSessionId) => void): () => void;

  /** What is not known to be revoked upstream: written before it is shown to anybody. Contains no secret. The first document stays. */
  keepCredentials(
    credentials: readonly { readonly credentialId: string; readonly document: JsonObject }[],
  ): Promise<void>;
  dropCredential(credentialId: string): Promise<void>;
  credentials(): Promise<readonly { readonly credentialId: string; readonly document: JsonObject }[]>;

  /**
   * Deletes jobs that ended before `before` (milliseconds since the epoch) with their logs, and sessions that could be resumed until
   * before it and own no live job; at most `limit` of each. @returns how many jobs
   */
  prune(before: number, limit: number): Promise<number>;
}
