// One connection that writes batches of appends, one after another.
import type { PoolClient } from "pg";
import { appendLogRows } from "../statements/append-log-rows.ts";
import { appendNextRow } from "../statements/append-next-row.ts";
import { appendNextRows } from "../statements/append-next-rows.ts";
import { type Part, rowsOf, valuesOf, valuesOfNext, valuesOfRow } from "./append-batch.ts";
import type { Parameter } from "./bind-message.ts";
import type { Database, Row } from "./database.ts";
import { failureKind, isUniqueViolation } from "./retryable-codes.ts";
import type { Statement } from "./statement.ts";

/** What the database said of the rows of one session. */
export interface Verdict {
  readonly held: boolean;
  readonly open: boolean;
  /** The last number before these rows. */
  readonly head: number;
  /** From here on the numbers are taken by other rows. */
  readonly refusedFrom: number | null;
  /** An input wants to steer its turn, and these rows were not to be written then. */
  readonly steered: boolean;
}

export class AppendLane {
  readonly #database: Database;
  readonly #isNext: (part: Part) => boolean;
  #client: PoolClient | undefined;

  /** `isNext`: these rows are known to follow what this process wrote last for their holder (G7). */
  constructor(database: Database, isNext: (part: Part) => boolean) {
    this.#database = database;
    this.#isNext = isNext;
  }

  /** One attempt, by the short way for what is as usual (G7) and the general one for the rest. Throws what the driver threw. */
  async write(parts: readonly Part[]): Promise<ReadonlyMap<Part, Verdict>> {
    const verdicts = new Map<Part, Verdict>();
    const lease = parts[0]!.fence.node;
    const usual = parts.filter((part) => part.fence.node.nonce === lease.nonce && this.#isNext(part));
    // What of several did not come about is not told: the general statement recognises what did.
    if (usual.length > 0 && (await this.#writeNext(usual))) {
      for (const part of usual) verdicts.set(part, { ...AS_USUAL, head: part.first - 1 });
    }
    const rest = parts.filter((part) => !verdicts.has(part));
    if (rest.length > 0) {
      const rows = await this.#run(appendLogRows, valuesOf(rest));
      for (const [index, part] of rest.entries()) verdicts.set(part, verdictOf(rows[index]!));
    }
    return verdicts;
  }

  /** Gives the connection back; the next batch takes another. */
  release(): void {
    if (this.#client !== undefined) this.#database.release(this.#client);
    this.#client = undefined;
  }

  /** @returns whether all of it was written */
  async #writeNext(parts: readonly Part[]): Promise<boolean> {
    const one = valuesOfRow(parts);
    try {
      if (one !== undefined) return (await this.#count(appendNextRow, one)) === 1;
      const rows = rowsOf(parts);
      return (await this.#count(appendNextRows, valuesOfNext(rows))) === rows.length;
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }

  #count(statement: Statement, values: readonly Parameter[]): Promise<number> {
    return this.#attempt((client) => this.#database.count(client, statement, values));
  }

  #run(statement: Statement, values: unknown[]): Promise<readonly Row[]> {
    return this.#attempt((client) => this.#database.run(client, statement, values));
  }

  async #attempt<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    this.#client ??= await this.#database.connect();
    const client = this.#client;
    try {
      return await work(client);
    } catch (error) {
      const kind = failureKind(error);
      if (kind === "lost" || kind === "unreachable") {
        this.#client = undefined;
        this.#database.release(client, true);
      }
      throw error;
    }
  }
}

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
