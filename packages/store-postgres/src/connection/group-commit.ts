// Group commit (D9): appends of all sessions of this process share statements on one connection.
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
import { isPawlError, PawlError } from "@pawl/core";
import type { Fence } from "@pawl/core/ports";
import type { PoolClient } from "pg";
import { conflict, fenced } from "../errors.ts";
import type { StoredLogRow } from "../rows/log-row.ts";
import { appendLogRows } from "../statements/append-log-rows.ts";
import { appendNextRow } from "../statements/append-next-row.ts";
import { appendNextRows } from "../statements/append-next-rows.ts";
import {
  type Append,
  type Part,
  sameHolder,
  takeBatch,
  valuesOf,
  valuesOfNext,
  valuesOfRow,
} from "./append-batch.ts";
import type { Database, Row } from "./database.ts";
import { storeFailure } from "./failure.ts";
import { failureKind, isAssertionFailure, isUniqueViolation } from "./retryable-codes.ts";
import type { Statement } from "./statement.ts";

/** The rows of an earlier attempt are visible to the next statement; more than once would be a fault of ours. */
const MOST_ASSERTION_RETRIES = 3;

const MOST_FOLLOWED = 100_000;

/** What the database said of the rows of one session. */
interface Verdict {
  readonly held: boolean;
  readonly open: boolean;
  /** The last number before these rows. */
  readonly head: number;
  /** From here on the numbers are taken by other rows. */
  readonly refusedFrom: number | null;
  /** An input wants to steer its turn, and these rows were not to be written then. */
  readonly steered: boolean;
}

type Doubt = Pick<Append, "fence" | "rows" | "unlessSteered">;

export class GroupCommit {
  readonly #database: Database;
  readonly #appended: (sessionId: string) => void;
  readonly #queue: Append[] = [];
  /** How many appends of each session have not ended, and who waits for that. */
  readonly #pending = new Map<string, { count: number; readonly waiters: (() => void)[] }>();
  readonly #inDoubt = new Map<string, readonly Doubt[]>();
  readonly #next = new Map<string, { readonly fence: Fence; readonly seq: number }>();
  #pump: Promise<void> | undefined;
  #client: PoolClient | undefined;

  constructor(database: Database, appended: (sessionId: string) => void) {
    this.#database = database;
    this.#appended = appended;
  }

  /** Resolves when the rows are durable. Rows are dense and of one turn; there is at least one. Throws as `Log.append`. */
  async append(fence: Fence, rows: readonly StoredLogRow[]): Promise<void> {
    await this.#append({ fence, rows, unlessSteered: false });
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
    return new Promise<boolean>((resolve, reject) => {
      const characters = rows.reduce((sum, row) => sum + row.body.length, 0);
      this.#queue.push({ fence, rows, characters, unlessSteered, resolve, reject });
      this.#pump ??= this.#run();
    }).finally(() => {
      pending.count -= 1;
      if (pending.count > 0) return;
      this.#pending.delete(sessionId);
      for (const wake of pending.waiters) wake();
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

  /** The holder has left: its numbers say nothing any more. */
  forget(sessionId: string): void {
    this.#next.delete(sessionId);
  }

  /** Resolves when the queue is empty. */
  async drain(): Promise<void> {
    while (this.#pump !== undefined) await this.#pump;
  }

  async #run(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        await this.#flush(takeBatch(this.#queue));
        // Whoever was waiting gets to enqueue its next row, so that the next batch holds all of them.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    } finally {
      if (this.#client !== undefined) this.#database.release(this.#client);
      this.#client = undefined;
      this.#pump = undefined;
      if (this.#queue.length > 0) this.#pump = this.#run();
    }
  }

  async #flush(parts: readonly Part[], retries = 0): Promise<void> {
    let lost = false;
    try {
      const verdicts = await this.#database.insist(() => this.#write(parts), {
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
          await this.#flush(parts.slice(0, half));
          await this.#flush(parts.slice(half));
          return;
        }
        if (isAssertionFailure(error) && retries < MOST_ASSERTION_RETRIES) {
          await this.#flush(parts, retries + 1);
          return;
        }
      }
      for (const part of parts) for (const append of part.appends) this.#fail(append, error, lost);
    }
  }

  /** The short way for what is as usual (G7), the general one for the rest. */
  async #write(parts: readonly Part[]): Promise<ReadonlyMap<Part, Verdict>> {
    const verdicts = new Map<Part, Verdict>();
    const lease = parts[0]!.fence.node;
    const usual = parts.filter((part) => part.fence.node.nonce === lease.nonce && this.#isNext(part));
    if (usual.length > 0) {
      const written = new Set((await this.#attemptNext(usual)).map((row) => row.session_id));
      for (const part of usual) {
        if (written.has(part.fence.sessionId)) verdicts.set(part, { ...AS_USUAL, head: part.first - 1 });
      }
    }
    const rest = parts.filter((part) => !verdicts.has(part));
    if (rest.length > 0) {
      const rows = await this.#attempt(appendLogRows, valuesOf(rest));
      for (const [index, part] of rest.entries()) verdicts.set(part, verdictOf(rows[index]!));
    }
    return verdicts;
  }

  #isNext({ fence, first }: Part): boolean {
    const next = this.#next.get(fence.sessionId);
    return next !== undefined && next.seq === first && sameHolder(next.fence, fence);
  }

  async #attemptNext(parts: readonly Part[]): Promise<readonly Row[]> {
    const one = valuesOfRow(parts);
    try {
      return one === undefined
        ? await this.#attempt(appendNextRows, valuesOfNext(parts))
        : await this.#attempt(appendNextRow, one);
    } catch (error) {
      if (isUniqueViolation(error)) return [];
      throw error;
    }
  }

  async #attempt(statement: Statement, values: unknown[]): Promise<readonly Row[]> {
    this.#client ??= await this.#database.connect();
    const client = this.#client;
    try {
      return await this.#database.run(client, statement, values);
    } catch (error) {
      const kind = failureKind(error);
      if (kind === "lost" || kind === "unreachable") {
        this.#client = undefined;
        this.#database.release(client, true);
      }
      throw error;
    }
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
        reject(conflict(`Row ${Math.max(rows[0]!.seq, refusedFrom)} of "${sessionId}" is taken.`));
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
const AS_USUAL = { held: true, open: true, refusedFrom: null, steered: false };

function verdictOf(row: Row): Verdict {
  return {
    held: row.held === true,
    open: row.open === true,
    head: row.head as number,
    refusedFrom: row.refused_from as number | null,
    steered: row.steered === true,
  };
}

function writeFailed(failure: PawlError, lost: boolean): PawlError {
  return new PawlError("store_write_failed", failure.message, {
    blame: "infrastructure",
    details: { ...failure.details, outcome: lost ? "unknown" : "not_written" },
    cause: failure.cause,
  });
}
