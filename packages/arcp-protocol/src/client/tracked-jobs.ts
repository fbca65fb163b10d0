import type { Message, PayloadOf } from "../messages/message.ts";
import { JobHandle, type JobHandleOptions } from "./job-handle.ts";

export type JobMessage = Message<"job.event" | "job.result" | "job.error">;

/** One job that this client follows, and how it is found again when the session itself is lost. */
export interface Tracked {
  handle: JobHandle;
  /** Subscribed after this number of the owner's stream; undefined while this session owns the job. */
  fromOwnerSeq: number | undefined;
  /** Messages seen since then. */
  received: number;
  /** Messages of a replay that have been seen already. */
  skip: number;
  lastEventSeq: number;
}

/** Messages of jobs whose acceptance has not arrived yet. */
const MAX_ORPHANS = 4096;
/** Ended jobs that are still found by id, for repeated submissions. */
const MAX_ENDED = 1024;

/** The jobs of one client: hands every message to its handle, once, also when the acceptance comes after it. */
export class TrackedJobs {
  readonly #live = new Map<string, Tracked>();
  readonly #ended = new Map<string, JobHandle>();
  readonly #orphans = new Map<string, JobMessage[]>();
  readonly #onEnded: (jobId: string) => void;
  #orphanCount = 0;

  constructor(onEnded: (jobId: string) => void) {
    this.#onEnded = onEnded;
  }

  get(jobId: string): JobHandle | undefined {
    return this.#live.get(jobId)?.handle ?? this.#ended.get(jobId);
  }

  isLive(jobId: string): boolean {
    return this.#live.has(jobId);
  }

  hasEnded(jobId: string): boolean {
    return this.#ended.has(jobId);
  }

  /** The handle of an accepted or subscribed job; a known job keeps the handle that it has. */
  adopt(
    payload: PayloadOf<"job.accepted"> | PayloadOf<"job.subscribed">,
    options: JobHandleOptions,
    fromOwnerSeq: number | undefined,
  ): JobHandle {
    const { jobId } = options;
    const handle = this.get(jobId) ?? new JobHandle(options);
    handle.describe(payload);
    if (this.get(jobId) !== undefined) return handle;
    this.#live.set(jobId, { handle, fromOwnerSeq, received: 0, skip: 0, lastEventSeq: 0 });
    const orphans = this.#orphans.get(jobId) ?? [];
    this.#orphans.delete(jobId);
    this.#orphanCount -= orphans.length;
    for (const message of orphans) this.take(jobId, message);
    return handle;
  }

  /** False when no live job has this id. */
  take(jobId: string, message: JobMessage): boolean {
    const tracked = this.#live.get(jobId);
    if (tracked === undefined) return false;
    tracked.lastEventSeq = message.event_seq ?? tracked.lastEventSeq;
    if (tracked.skip > 0) {
      tracked.skip -= 1;
      return true;
    }
    tracked.received += 1;
    tracked.handle.take(message);
    if (tracked.handle.ended) this.settle(jobId);
    return true;
  }

  hasOrphans(jobId: string): boolean {
    return this.#orphans.has(jobId);
  }

  /** Keeps a message until its job is known. */
  keepOrphan(jobId: string, message: JobMessage): void {
    if (this.#orphanCount >= MAX_ORPHANS) return;
    this.#orphanCount += 1;
    const waiting = this.#orphans.get(jobId);
    if (waiting === undefined) this.#orphans.set(jobId, [message]);
    else waiting.push(message);
  }

  /** Moves a job to the ended ones. */
  settle(jobId: string): void {
    const tracked = this.#live.get(jobId);
    if (tracked === undefined) return;
    this.#live.delete(jobId);
    this.#ended.set(jobId, tracked.handle);
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.keys().next().value as string);
    this.#onEnded(jobId);
  }

  fail(jobId: string, failure: unknown): void {
    this.#live.get(jobId)?.handle.fail(failure);
    this.settle(jobId);
  }

  failAll(failure: unknown): void {
    for (const { handle } of this.#live.values()) handle.fail(failure);
    this.#live.clear();
    this.#dropOrphans();
  }

  /** The session is gone, its jobs are not: from where each has to be subscribed so that nothing comes twice. */
  rebase(): { jobId: string; fromOwnerSeq: number }[] {
    this.#dropOrphans();
    return [...this.#live].map(([jobId, tracked]) => {
      if (tracked.fromOwnerSeq === undefined) {
        tracked.fromOwnerSeq = tracked.lastEventSeq;
        tracked.received = 0;
      }
      tracked.skip = tracked.received;
      return { jobId, fromOwnerSeq: tracked.fromOwnerSeq };
    });
  }

  #dropOrphans(): void {
    this.#orphans.clear();
    this.#orphanCount = 0;
  }
}
