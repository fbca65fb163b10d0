import type { LogBody, LogRow, SessionId, TurnId } from "@pawl/core";
import { PawlError } from "@pawl/core";
import type { Fence, Log } from "@pawl/core/ports";
import { driveEnded, runtimeStoreError } from "../errors.ts";

/** A row that has no number yet. */
export interface RowDraft {
  readonly turnId: TurnId;
  readonly ordinal: number | null;
  readonly at: number;
  readonly body: LogBody;
}

/** What an exclusive write comes to: how many numbers it used, and what it returns. */
export interface Written<T> {
  readonly used: number;
  readonly value: T;
}

type Job =
  | { readonly type: "rows"; readonly drafts: readonly RowDraft[]; readonly done: Deferred<void> }
  | {
      readonly type: "exclusive";
      /** Whether it also writes the rows that queue right before it. */
      readonly takesRows: boolean;
      readonly run: (seq: number, before: readonly LogRow[]) => Promise<number>;
      readonly done: Deferred<void>;
    };

/**
 * The one lane through which everything of a session is written by its holder (D2). Rows are numbered in the order in which they
 * were handed in, one write is under way at a time, and what is handed in meanwhile, or in one go, goes out as one append, so that
 * no reader sees a gap (D5). The first failure trips the latch: every later write is refused (D3).
 */
export class SessionLane {
  readonly sessionId: SessionId;
  readonly fence: Fence;
  readonly #log: Log;
  readonly #jobs: Job[] = [];
  readonly #listeners = new Set<(cause: unknown) => void>();
  #head: number;
  #busy = false;
  #latch: PawlError | undefined;

  constructor(log: Log, fence: Fence, head: number) {
    this.#log = log;
    this.fence = fence;
    this.sessionId = fence.sessionId;
    this.#head = head;
  }

  /** Resolves when the rows are durable. */
  append(drafts: readonly RowDraft[]): Promise<void> {
    return this.#enqueue((done) => ({ type: "rows", drafts, done }));
  }

  /**
   * Runs a write that brings its own rows, alone: `run` gets the next number and resolves to how many it used (and whatever it
   * returns beside).
   */
  exclusive<T>(run: (seq: number) => Promise<Written<T>>): Promise<T> {
    return this.#exclusive(false, run);
  }

  /** As `exclusive`, for a write that takes the rows along that queue right before it; their numbers are not among those it used. */
  exclusiveWithRows<T>(run: (seq: number, before: readonly LogRow[]) => Promise<Written<T>>): Promise<T> {
    return this.#exclusive(true, run);
  }

  async #exclusive<T>(
    takesRows: boolean,
    run: (seq: number, before: readonly LogRow[]) => Promise<Written<T>>,
  ): Promise<T> {
    let value: { readonly of: T } | undefined;
    await this.#enqueue((done) => ({
      type: "exclusive",
      takesRows,
      done,
      run: async (seq, before) => {
        const result = await run(seq, before);
        value = { of: result.value };
        return result.used;
      },
    }));
    if (value === undefined)
      throw new PawlError("internal_error", "An exclusive write ended without a value.");
    return value.of;
  }

  /** Refuses everything from now on; what is under way may still land. */
  trip(cause: unknown): void {
    if (this.#latch !== undefined) return;
    this.#latch = driveEnded(cause);
    for (const job of this.#jobs.splice(0)) job.done.reject(this.#latch);
    for (const listener of [...this.#listeners]) listener(cause);
  }

  /** Tells once, when the latch trips: also of a write that nobody waits for. @returns how to stop listening */
  onTrip(listener: (cause: unknown) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get tripped(): boolean {
    return this.#latch !== undefined;
  }

  #enqueue(make: (done: Deferred<void>) => Job): Promise<void> {
    if (this.#latch !== undefined) return Promise.reject(this.#latch);
    const done = deferred<void>();
    this.#jobs.push(make(done));
    if (!this.#busy) {
      this.#busy = true;
      // What is handed in by whoever runs now goes out together.
      queueMicrotask(() => void this.#work());
    }
    return done.promise;
  }

  async #work(): Promise<void> {
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      const batch = [job];
      const rows: LogRow[] = [];
      let last = job;
      try {
        this.#number(last, rows);
        while (last.type === "rows" && joinsRows(this.#jobs[0])) {
          last = this.#jobs.shift()!;
          batch.push(last);
          this.#number(last, rows);
        }
        const { length } = rows;
        if (last.type === "rows") await this.#log.append(this.fence, rows);
        const used = last.type === "rows" ? 0 : await last.run(this.#head + length + 1, rows);
        this.#head += length + used;
        for (const { done } of batch) done.resolve();
      } catch (thrown) {
        const cause = runtimeStoreError(thrown);
        for (const { done } of batch) done.reject(cause);
        this.trip(cause);
      }
    }
    this.#busy = false;
  }

  #number(job: Job, rows: LogRow[]): void {
    if (job.type !== "rows") return;
    for (const { turnId, ordinal, at, body } of job.drafts) {
      rows.push({ seq: this.#head + rows.length + 1, turnId, ordinal, at, body });
    }
  }
}

function joinsRows(job: Job | undefined): boolean {
  return job !== undefined && (job.type === "rows" || job.takesRows);
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(cause: unknown): void;
}

function deferred<T>(): Deferred<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  return {
    promise,
    resolve,
    reject(cause) {
      // A write that nobody waits for (streamed text) must not become an unhandled rejection; the latch tells of it.
      promise.catch(() => {});
      reject(cause);
    },
  };
}
