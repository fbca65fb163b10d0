import { ArcpUsageError } from "../errors.ts";
import { type JobEntry, type JobSnapshot, snapshotOf } from "./job-entry.ts";
import { type JobQuery, matchesQuery, pageOf } from "./job-query.ts";
import { isTerminal, type JobState, type Transition, transition, wireStatus } from "./job-state.ts";

/** Stops an agent that did not stop when it was asked. */
export type HardStop = () => void;

interface JobRecord {
  entry: JobEntry;
  hardStop: HardStop | undefined;
}

/**
 * The jobs that this process knows, by id.
 *
 * P4 `cancel` only asks (the entry's AbortController); `stop` is the hard end, for after the grace.
 * P5 Sequence marks only rise.
 * P6 Closing a session cancels none of its jobs; cancelling a job cancels its live descendants.
 */
export class JobRegistry {
  readonly #jobs = new Map<string, JobRecord>();

  /** Throws `duplicate_job`: ids are single-use. */
  insert(entry: JobEntry, hardStop?: HardStop): void {
    if (this.#jobs.has(entry.jobId)) {
      throw new ArcpUsageError(
        "duplicate_job",
        `job ${entry.jobId} is already registered; ids are single-use`,
      );
    }
    this.#jobs.set(entry.jobId, { entry, hardStop });
  }

  get(jobId: string): JobEntry | undefined {
    return this.#jobs.get(jobId)?.entry;
  }

  /** Moves a job along the table; an unknown job gives undefined, an illegal move leaves it as it was. */
  setState(jobId: string, to: JobState): Transition | undefined {
    const entry = this.get(jobId);
    if (entry === undefined) return undefined;
    const moved = transition(entry.state, to);
    entry.state = moved.state;
    return moved;
  }

  /** Asks a job and its live descendants to stop. False when the job is unknown. */
  cancel(jobId: string, reason?: unknown): boolean {
    const entry = this.get(jobId);
    if (entry === undefined) return false;
    for (const id of [jobId, ...this.descendants(jobId)]) {
      const target = this.get(id);
      if (target !== undefined && !isTerminal(target.state)) target.cancel.abort(reason);
    }
    return true;
  }

  /** Ends a job that ignored `cancel`. False when it is unknown or has nothing to stop. */
  stop(jobId: string): boolean {
    const record = this.#jobs.get(jobId);
    if (record?.hardStop === undefined) return false;
    record.hardStop();
    return true;
  }

  /** Ids of all jobs below this one, nearest first. */
  descendants(jobId: string): string[] {
    const found: string[] = [];
    let parents = new Set([jobId]);
    while (parents.size > 0) {
      const children = new Set<string>();
      for (const { entry } of this.#jobs.values()) {
        if (entry.parentJobId !== undefined && parents.has(entry.parentJobId)) children.add(entry.jobId);
      }
      found.push(...children);
      parents = children;
    }
    return found;
  }

  get len(): number {
    return this.#jobs.size;
  }

  get isEmpty(): boolean {
    return this.#jobs.size === 0;
  }

  /** Forgets the jobs that have ended, or those of them that `mayGo` names. Idempotent. */
  sweepTerminals(mayGo: (entry: JobEntry) => boolean = () => true): string[] {
    const swept: string[] = [];
    for (const [jobId, { entry }] of this.#jobs) {
      if (isTerminal(entry.state) && mayGo(entry)) swept.push(jobId);
    }
    for (const jobId of swept) this.#jobs.delete(jobId);
    return swept;
  }

  /** Forgets a job that another process runs now. False when it is unknown. */
  release(jobId: string): boolean {
    return this.#jobs.delete(jobId);
  }

  /** Raises a job's mark by one and gives the new mark; undefined for an unknown job. */
  bumpEventSeq(jobId: string): number | undefined {
    const entry = this.get(jobId);
    if (entry === undefined) return undefined;
    entry.lastEventSeq += 1;
    return entry.lastEventSeq;
  }

  /** Raises a job's mark to a number of the session's stream; never lowers it. */
  recordEventSeq(jobId: string, eventSeq: number): void {
    const entry = this.get(jobId);
    if (entry !== undefined && eventSeq > entry.lastEventSeq) entry.lastEventSeq = eventSeq;
  }

  snapshot(jobId: string): JobSnapshot | undefined {
    const entry = this.get(jobId);
    return entry === undefined ? undefined : snapshotOf(entry);
  }

  /** One page of jobs that `visible` lets through, ordered by creation and then id. */
  list(
    query: JobQuery,
    visible: (entry: JobEntry) => boolean,
  ): { jobs: JobSnapshot[]; nextCursor: string | null } {
    const matching: JobSnapshot[] = [];
    for (const { entry } of this.#jobs.values()) {
      if (!visible(entry)) continue;
      const job = { ...entry, status: wireStatus(entry.state) };
      if (matchesQuery(job, query)) matching.push(snapshotOf(entry));
    }
    return pageOf(matching, query.limit);
  }
}
