// Group commit (D9): appends of all sessions of this process share statements on two connections.
//
// G1  Rows are checked before they are enqueued; a batch never fails for a value.
// G2  Appends of one session keep their order; a batch holds at most one dense run of rows of a session.
// G3  Each session has a fate of its own: fenced, closed or taken numbers refuse its rows and nobody else's.
// G4  A batch that fails is halved until the guilty part stands alone.
// G5  After a lost response the same batch is sent again; the statement recognises rows that had landed.
// G6  If that does not succeed either, the rows are in doubt, and nothing else of that session is written or released
//     before they are settled: a late landing must not happen behind the back of the next holder.
// G7  What this process wrote last for a holder says which number is next, so the usual batch asks only the fence.
//     Whatever is not as usual is judged by the general statement.
// G8  Two batches may be under way, so that PostgreSQL writes one half while the turns of the other take their steps. A session
//     is in one of them at most: its next rows are sent when the batch before them has ended, on whichever connection.
import { isPawlError, PawlError } from "@pawl/core";
import type { Fence } from "@pawl/core/ports";
import { conflict, fenced } from "../errors.ts";
import type { StoredLogRow } from "../rows/log-row.ts";
import { appendLogRows } from "../statements/append-log-rows.ts";
import { type Append, type Part, sameHolder, takeBatch } from "./append-batch.ts";
import { AppendLane, type Verdict } from "./append-lane.ts";
import type { Database } from "./database.ts";
import { storeFailure } from "./failure.ts";
import { failureKind, isAssertionFailure } from "./retryable-codes.ts";

/** The rows of an earlier attempt are visible to the next statement; more than once would be a fault of ours. */
const MOST_ASSERTION_RETRIES = 3;

const MOST_FOLLOWED = 100_000;

const MOST_LANES = 2;
/** A batch of fewer sessions costs more in statements than two lanes gain. */
const LEAST_SHARE = 8;

type Doubt = Pick<Append, "fence" | "rows" | "unlessSteered">;

export class GroupCommit {
  readonly #database: Database;
  readonly #appended: (sessionId: string) => void;
  readonly #queue: Append[] = [];
  /** How many appends of each session have not ended, and who waits for that. */
  readonly #pending = new Map<string, { count: number; readonly waiters: (() => void)[] }>();
  readonly #inDoubt = new Map<string, readonly Doubt[]>();
  readonly #next = new Map<string, { readonly fence: Fence; readonly seq: number }>();
  /** Sessions with rows in a batch that is under way. */
  readonly #inFlight = new Set<string>();
  readonly #lanes = new Set<Promise<void>>();
  /** Told of the next append of a session that was in the last batch of a lane. */
  readonly #awaited = new Map<string, (sessionId: string) => void>();

  constructor(database: Database, appended: (sessionId: string) => void) {
    this.#database = database;
    this.#appended = appended;
  }

  /** Resolves when the rows are durable. Rows are dense and of one turn; there is at least one. Throws as `Log.append`. */
  append(fence: Fence, rows: readonly StoredLogRow[]): Promise<unknown> {
    return this.#append({ fence, rows, unlessSteered: false });
  }

  /** As `append`, unless an input wants to steer the turn. @returns whether the rows were written */
  appendUnlessSteered(fence: Fence, rows: readonly StoredLogRow[]): Promise<boolean> {
    return this.#append({ fence, rows, unlessSteered: true });
  }

  #append({ fence, rows, unlessSteered }: Doubt): Promise<boolean> {
    const { sessionId } = fence;
    const pending = this.#pending.get(sessionId) ?? { count: 0, waiters: [] };
    pending.count += 1;
    this.#pending.set(sessionId, pending);
    const ended = () => {
      pending.count -= 1;
      if (pending.count > 0) return;
      this.#pending.delete(sessionId);
      for (const wake of pending.waiters) wake();
    };
    return new Promise<boolean>((resolve, reject) => {
      const characters = rows.reduce((sum, row) => sum + row.body.length, 0);
      this.#queue.push({
        fence,
        rows,
        characters,
        unlessSteered,
        resolve: (written) => {
          ended();
          resolve(written);
        },
        reject: (error) => {
          ended();
          reject(error);
        },
      });
      this.#awaited.get(sessionId)?.(sessionId);
      this.#open();
    });
  }

  /**
   * Resolves when no append of this session is on its way or in doubt (D2, G6). Every other write of a session's holder
   * waits for it. @throws PawlError when what is in doubt cannot be settled
   */
  async settle(sessionId: string): Promise<void> {
    const pending = this.#pending.get(sessionId);
    if (pending !== undefined) await new Promise<void>((resolve) => pending.waiters.push(resolve));
    const doubtful = this.#inDoubt.get(sessionId);
    if (doubtful === undefined) return;
    this.#inDoubt.delete(sessionId);
    for (const [index, doubt] of doubtful.entries()) {
      try {
        // Steered is settled, too: not written, and not tried again.
        await this.#append(doubt);
      } catch (error) {
        // Refused is settled: these rows cannot land any more.
        if (isPawlError(error, "store_fenced") || isPawlError(error, "store_conflict")) continue;
        // This one is in doubt again already, or was never sent.
        const known = this.#inDoubt.get(sessionId) ?? [doubt];
        this.#inDoubt.set(sessionId, [...known, ...doubtful.slice(index + 1)]);
        throw error;
      }
    }
  }

  /** The holder wrote the row before `next` in another way. */
  follow(fence: Fence, next: number): void {
    // Holders that were superseded do not say goodbye; what is forgotten costs a look into the log.
    if (this.#next.size >= MOST_FOLLOWED) this.#next.clear();
    this.#next.set(fence.sessionId, { fence, seq: next });
  }

  /** The number of the last row of this holder, if it is known. */
  headOf(fence: Fence): number | undefined {
    const next = this.#next.get(fence.sessionId);
    return next !== undefined && sameHolder(next.fence, fence) ? next.seq - 1 : undefined;
  }

  /** The holder has left: its numbers say nothing any more. */
  forget(sessionId: string): void {
    this.#next.delete(sessionId);
  }

  /** Resolves when the queue is empty. */
  async drain(): Promise<void> {
    while (this.#lanes.size > 0) await Promise.all(this.#lanes);
  }

  /** Sends what is queued and not held up by a batch under way, as far as there are lanes for it. */
  #open(): void {
    while (this.#queue.length > 0 && this.#lanes.size < MOST_LANES) {
      if (this.#lanes.size > 0 && !this.#isWorthTwo()) return;
      const parts = this.#take();
      if (parts.length === 0) return;
      const lane = this.#run(parts).finally(() => {
        this.#lanes.delete(lane);
        this.#open();
      });
      this.#lanes.add(lane);
    }
  }

  #isWorthTwo(): boolean {
    return this.#pending.size >= MOST_LANES * LEAST_SHARE && this.#database.hasRoom;
  }

  /** Half of what there is where there are two: they are of use only while they carry about the same. */
  #take(): readonly Part[] {
    const most = this.#isWorthTwo() ? Math.ceil(this.#pending.size / MOST_LANES) : undefined;
    const parts = takeBatch(this.#queue, this.#inFlight, most);
    for (const { fence } of parts) this.#inFlight.add(fence.sessionId);
    return parts;
  }

  async #run(first: readonly Part[]): Promise<void> {
    const lane = new AppendLane(this.#database, (part) => this.#isNext(part));
    try {
      for (let parts = first; parts.length > 0; ) {
        await this.#flush(lane, parts);
        for (const { fence } of parts) this.#inFlight.delete(fence.sessionId);
        await this.#nextOf(parts);
        parts = this.#take();
        // The rest is the other's share.
        this.#open();
      }
    } finally {
      lane.release();
    }
  }

  /**
   * Whoever was waiting gets to enqueue its next row, so that the next batch holds all of them: resolves when each has, at latest when
   * everything has run that can run now.
   */
  #nextOf(parts: readonly Part[]): Promise<void> {
    return new Promise((resolve) => {
      let missing = parts.length;
      const end = () => {
        clearImmediate(immediate);
        for (const { fence } of parts) this.#awaited.delete(fence.sessionId);
        resolve();
      };
      const immediate = setImmediate(end);
      const enqueued = (sessionId: string) => {
        this.#awaited.delete(sessionId);
        missing -= 1;
        if (missing === 0) end();
      };
      for (const { fence } of parts) this.#awaited.set(fence.sessionId, enqueued);
    });
  }

  async #flush(lane: AppendLane, parts: readonly Part[], retries = 0): Promise<void> {
    let lost = false;
    try {
      const verdicts = await this.#database.insist(() => lane.write(parts), {
        repeatLost: true,
        onLost: () => {
          lost = true;
        },
        // A batch of many is halved instead: the others do not wait for the lock of one.
        ...(parts.length > 1 && { contentions: 0 }),
      });
      for (const part of parts) this.#conclude(part, verdicts.get(part)!);
    } catch (error) {
      const kind = failureKind(error);
      if (kind !== "lost" && kind !== "unreachable" && !this.#database.closing.aborted) {
        if (parts.length > 1) {
          const half = Math.ceil(parts.length / 2);
          await this.#flush(lane, parts.slice(0, half));
          await this.#flush(lane, parts.slice(half));
          return;
        }
        if (isAssertionFailure(error) && retries < MOST_ASSERTION_RETRIES) {
          await this.#flush(lane, parts, retries + 1);
          return;
        }
      }
      for (const part of parts) for (const append of part.appends) this.#fail(append, error, lost);
    }
  }

  #isNext({ fence, first }: Part): boolean {
    const next = this.#next.get(fence.sessionId);
    return next !== undefined && next.seq === first && sameHolder(next.fence, fence);
  }

  #conclude(part: Part, { held, open, head, refusedFrom, steered }: Verdict): void {
    const { fence, turnId, first, next, appends } = part;
    const { sessionId } = fence;
    const refusal = !held
      ? () => fenced(sessionId)
      : !open
        ? () => conflict(`Turn "${turnId}" is not the open turn of "${sessionId}": its rows are closed (D8).`)
        : first > head + 1
          ? () => conflict(`Row ${first} would leave a gap: the log of "${sessionId}" ends at ${head}.`)
          : undefined;
    // What an earlier attempt wrote is written, whoever has come since.
    const withheld = steered && next - 1 > head;
    if (refusal === undefined && refusedFrom === null) this.follow(fence, withheld ? first : next);
    else this.#next.delete(sessionId);
    let written = false;
    for (const { rows, resolve, reject } of appends) {
      if (refusal !== undefined) reject(refusal());
      // Of a session with a refused row nothing new was written; what stands before that row was there.
      else if (refusedFrom !== null && refusedFrom <= rows.at(-1)!.seq) {
        reject(conflict(`Row ${Math.max(rows[0]!.first, refusedFrom)} of "${sessionId}" is taken.`));
      } else {
        written ||= !withheld;
        resolve(!withheld);
      }
    }
    if (written) this.#appended(sessionId);
  }

  #fail({ fence, rows, unlessSteered, reject }: Append, error: unknown, lost: boolean): void {
    this.#next.delete(fence.sessionId);
    if (lost) {
      const doubtful = this.#inDoubt.get(fence.sessionId) ?? [];
      this.#inDoubt.set(fence.sessionId, [...doubtful, { fence, rows, unlessSteered }]);
    }
    const failure = storeFailure(error, "write", appendLogRows.name);
    const isDecided = DECIDED.has(failure.code);
    // What became of the others may be unknown; the same rows again are recognised.
    reject(isDecided ? failure : writeFailed(failure, lost));
  }
}

/** Nothing of it was written, for sure. */
const DECIDED = new Set(["store_closed", "store_write_failed", "store_not_found", "store_internal"]);
function writeFailed(failure: PawlError, lost: boolean): PawlError {
  return new PawlError("store_write_failed", failure.message, {
    blame: "infrastructure",
    details: { ...failure.details, outcome: lost ? "unknown" : "not_written" },
    cause: failure.cause,
  });
}
