import type { JobLogEntry } from "../persistence/event-store.ts";
import type { HostedSession } from "./hosted-session.ts";

/** When to look at the log of a job that another process runs. */
export interface JobWatch {
  /** The last look found something. */
  grew(): void;
  /** Calls `look` once: at once, when something may have come since it was called last. */
  next(look: () => void): void;
  stop(): void;
}

/**
 * One session's view of a job that it does not own: a cursor over the job's log. While it is behind, pages of the
 * log are numbered into the session's stream; when it has reached the end it is `live` and every new entry is
 * numbered as it is made. The switch happens in one step, so each entry arrives exactly once.
 */
export class JobSubscription {
  readonly session: HostedSession;
  readonly jobId: string;
  /** Entries of the job's log up to this one have been numbered, or were not asked for. */
  cursor: number;
  /** Entries at or below this mark of the owner are not wanted. */
  readonly fromOwnerSeq: number;
  live = false;
  /** Only the past is wanted: the owner, who sees the present anyway, asked to see the past again. */
  readonly untilJobSeq: number | undefined;
  ended = false;
  /** While another process runs the job. */
  watch: JobWatch | undefined;

  constructor(options: {
    session: HostedSession;
    jobId: string;
    cursor: number;
    fromOwnerSeq: number;
    untilJobSeq?: number;
  }) {
    this.session = options.session;
    this.jobId = options.jobId;
    this.cursor = options.cursor;
    this.fromOwnerSeq = options.fromOwnerSeq;
    this.untilJobSeq = options.untilJobSeq;
  }

  /** Whether an entry of the past belongs into the replay. */
  wantsFromHistory(entry: JobLogEntry): boolean {
    return entry.ownerSeq > this.fromOwnerSeq && this.session.wants(entry);
  }

  goLive(): void {
    this.live = true;
    this.#stopWatching();
  }

  end(): void {
    this.ended = true;
    this.live = false;
    if (this.session.subscriptions.get(this.jobId) === this) this.session.subscriptions.delete(this.jobId);
    this.#stopWatching();
  }

  #stopWatching(): void {
    this.watch?.stop();
    this.watch = undefined;
  }
}
