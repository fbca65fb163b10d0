// Group commit (D9): appends of all sessions of this process share statements on one connection.
//
// G1  Rows are checked before they are enqueued; a batch never fails for a value.
// G2  Appends of one session keep their order; a batch holds at most one dense run of rows of a session.
// G3  Each session has a fate of its own: fenced, closed or taken numbers refuse its rows and nobody else's.
// G4  A batch that fails is halved until the guilty part stands alone.
// G5  After a lost response the same batch is sent again; the statement recognises rows that had landed.
// G6  If that does not succeed either, the rows are in doubt, and nothing else of that session is written or released
//     before they are settled: a late landing must not happen behind the back of the next holder.

import { LOG_VERSION, PawlError } from "@pawl/core";
import type { Fence } from "@pawl/core/ports";
import type { PoolClient } from "pg";
import { conflict, fenced } from "../errors.ts";
import type { StoredLogRow } from "../rows/log-row.ts";
import { appendLogRows } from "../statements/append-log-rows.ts";
import type { Database, Row } from "./database.ts";
import { storeFailure } from "./failure.ts";
import { failureKind, isAssertionFailure } from "./retryable-codes.ts";

/** Bounds of one batch. A statement of this size takes some milliseconds; more would make the others wait for nothing. */
const MOST_ROWS = 1000;
const MOST_CHARACTERS = 2 * 1024 * 1024;
/** The rows of an earlier attempt are visible to the next statement; more than once would be a fault of ours. */
const MOST_ASSERTION_RETRIES = 3;

interface Append {
  readonly fence: Fence;
  readonly rows: readonly StoredLogRow[];
  readonly characters: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The appends of one session in one batch. */
interface Part {
  readonly fence: Fence;
  readonly turnId: string;
  readonly appends: Append[];
  next: number;
}

export class GroupCommit {
  readonly #database: Database;
  readonly #appended: (sessionId: string) => void;
  readonly #queue: Append[] = [];
  /** How many appends of each session have not ended. */
  readonly #pending = new Map<string, { count: number; readonly waiters: (() => void)[] }>();
  readonly #inDoubt = new Map<string, { readonly fence: Fence; readonly rows: readonly StoredLogRow[] }[]>();
  #pump: Promise<void> | undefined;
  #client: PoolClient | undefined;

  constructor(database: Database, appended: (sessionId: string) => void) {
    this.#database = database;
    this.#appended = appended;
  }

  /** Resolves when the rows are durable. Rows are dense and of one turn; there is at least one. Throws as `Log.append`. */
  append(fence: Fence, rows: readonly StoredLogRow[]): Promise<void> {
    const { sessionId } = fence;
    const pending = this.#pending.get(sessionId) ?? { count: 0, waiters: [] };
    pending.count += 1;
    this.#pending.set(sessionId, pending);
    return new Promise<void>((resolve, reject) => {
      const characters = rows.reduce((sum, row) => sum + row.body.length, 0);
      this.#queue.push({ fence, rows, characters, resolve, reject });
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
    for (const [index, { fence, rows }] of doubtful.entries()) {
      try {
        await this.append(fence, rows);
      } catch (error) {
        // Refused is settled: these rows cannot land any more.
        if (error instanceof PawlError && (error.code === "store_fenced" || error.code === "store_conflict"))
          continue;
        const rest = [...(this.#inDoubt.get(sessionId) ?? []), ...doubtful.slice(index + 1)];
        this.#inDoubt.set(sessionId, rest);
        throw error;
      }
    }
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
        await new Promise((resolve) => setImmediate(resolve));
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
      const rows = await this.#database.insist(
        () => this.#attempt(parts),
        true,
        () => {
          lost = true;
        },
      );
      for (const [index, part] of parts.entries()) this.#conclude(part, rows[index]!);
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
      for (const { appends } of parts) for (const append of appends) this.#fail(append, error, lost);
    }
  }

  async #attempt(parts: readonly Part[]): Promise<readonly Row[]> {
    this.#client ??= await this.#database.connect();
    const client = this.#client;
    try {
      return await this.#database.run(client, appendLogRows, valuesOf(parts));
    } catch (error) {
      const kind = failureKind(error);
      if (kind === "lost" || kind === "unreachable") {
        this.#client = undefined;
        this.#database.release(client, true);
      }
      throw error;
    }
  }

  #conclude(part: Part, row: Row): void {
    const { sessionId } = part.fence;
    const head = row.head as number;
    const refusedFrom = row.refused_from as number | null;
    let written = false;
    for (const { rows, resolve, reject } of part.appends) {
      const first = rows[0]!.seq;
      const last = rows.at(-1)!.seq;
      if (row.held !== true) reject(fenced(sessionId));
      else if (row.open !== true) {
        reject(
          conflict(`Turn "${part.turnId}" is not the open turn of "${sessionId}": its rows are closed (D8).`),
        );
      } else if (refusedFrom !== null && refusedFrom <= last) {
        reject(conflict(`Row ${Math.max(first, refusedFrom)} of "${sessionId}" is taken.`));
      } else if (refusedFrom === null && part.appends[0]!.rows[0]!.seq > head + 1) {
        reject(conflict(`Row ${first} would leave a gap: the log of "${sessionId}" ends at ${head}.`));
      } else {
        written = true;
        resolve();
      }
    }
    if (written) this.#appended(sessionId);
  }

  #fail({ fence, rows, reject }: Append, error: unknown, lost: boolean): void {
    if (lost) {
      const doubtful = this.#inDoubt.get(fence.sessionId) ?? [];
      this.#inDoubt.set(fence.sessionId, [...doubtful, { fence, rows }]);
    }
    const failure = storeFailure(error, "write", appendLogRows.name);
    const isDecided = failure.code === "store_closed" || failure.code === "store_write_failed";
    // What became of the others may be unknown; the same rows again are recognised.
    reject(isDecided ? failure : writeFailed(failure, lost));
  }
}

function writeFailed(failure: PawlError, lost: boolean): PawlError {
  return new PawlError("store_write_failed", failure.message, {
    blame: "infrastructure",
    details: { ...failure.details, outcome: lost ? "unknown" : "not_written" },
    cause: failure.cause,
  });
}

/** Takes what fits into one statement out of the queue, oldest first (G2). */
export function takeBatch(queue: Append[]): readonly Part[] {
  const parts = new Map<string, Part>();
  const later = new Set<string>();
  const left: Append[] = [];
  let rows = 0;
  let characters = 0;
  for (const append of queue) {
    const { fence } = append;
    const part = parts.get(fence.sessionId);
    const fits =
      rows === 0 ||
      (rows + append.rows.length <= MOST_ROWS && characters + append.characters <= MOST_CHARACTERS);
    const follows = part === undefined || continues(part, append);
    if (!fits || !follows || later.has(fence.sessionId)) {
      later.add(fence.sessionId);
      left.push(append);
      continue;
    }
    const next = append.rows.at(-1)!.seq + 1;
    if (part === undefined) {
      parts.set(fence.sessionId, { fence, turnId: append.rows[0]!.turnId, appends: [append], next });
    } else {
      part.appends.push(append);
      part.next = next;
    }
    rows += append.rows.length;
    characters += append.characters;
  }
  queue.splice(0, queue.length, ...left);
  return [...parts.values()];
}

function continues(part: Part, { fence, rows }: Append): boolean {
  return (
    part.fence.epoch === fence.epoch &&
    part.fence.node.nodeId === fence.node.nodeId &&
    part.fence.node.generation === fence.node.generation &&
    part.fence.node.nonce === fence.node.nonce &&
    part.turnId === rows[0]!.turnId &&
    part.next === rows[0]!.seq
  );
}

/** The parameters of `append_log_rows`. */
function valuesOf(parts: readonly Part[]): unknown[] {
  const rows = parts.flatMap((part, index) =>
    part.appends.flatMap((append) => append.rows.map((row) => ({ part: index + 1, ...row }))),
  );
  return [
    parts.map((p) => p.fence.node.nodeId),
    parts.map((p) => p.fence.node.generation),
    parts.map((p) => p.fence.node.nonce),
    parts.map((p) => p.fence.sessionId),
    parts.map((p) => p.fence.epoch),
    parts.map((p) => p.turnId),
    parts.map((p) => p.appends[0]!.rows[0]!.seq),
    rows.map((r) => r.part),
    rows.map((r) => r.seq),
    rows.map((r) => r.turnId),
    rows.map((r) => r.ordinal),
    rows.map((r) => r.at),
    rows.map((r) => r.body),
    LOG_VERSION,
  ];
}
