// One connection that writes batches of appends, one after another.
import type { PoolClient } from "pg";
import { appendLogRows } from "../statements/append-log-rows.ts";
import { appendAnsweredRow, appendNextRow } from "../statements/append-next-row.ts";
import { appendNextRows } from "../statements/append-next-rows.ts";
import { settleAnswers } from "../statements/settle-answers.ts";
import { type Part, rowsOf, valuesOf, valuesOfNext, valuesOfRow } from "./append-batch.ts";
import type { Database, Row } from "./database.ts";
import { type EarlyAnswers, findSettled } from "./early-answers.ts";
import { failureKind, isUniqueViolation } from "./retryable-codes.ts";
import type { Parameter } from "./row-count-query.ts";
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
  /** An answer that these rows stand on is gone (EA1), and they were not written. */
  readonly unanswered?: boolean;
}

export class AppendLane {
  readonly #database: Database;
  readonly #isNext: (part: Part) => boolean;
  readonly #answers: EarlyAnswers;
  #client: PoolClient | undefined;

  /** `isNext`: these rows are known to follow what this process wrote last for their holder (G7). */
  constructor(database: Database, isNext: (part: Part) => boolean, answers: EarlyAnswers) {
    this.#database = database;
    this.#isNext = isNext;
    this.#answers = answers;
  }

  /** One attempt, by the short way for what is as usual (G7) and the general one for the rest. Throws what the driver threw. */
  async write(parts: readonly Part[]): Promise<ReadonlyMap<Part, Verdict>> {
    const verdicts = new Map<Part, Verdict>();
    const answered = parts.filter(({ fence }) => this.#answers.of(fence.sessionId).length > 0);
    if (answered.length > 0) await this.#writeAnswered(parts, answered, verdicts);
    const left = parts.filter((part) => !verdicts.has(part));
    if (left.length > 0) await this.#writeAll(left, verdicts);
    return verdicts;
  }

  /** What stands on early answers is written with a look at them, where it is one usual row, and else after one (EA1). */
  async #writeAnswered(
    parts: readonly Part[],
    answered: readonly Part[],
    verdicts: Map<Part, Verdict>,
  ): Promise<void> {
    const asked = answered.map((part) => ({ part, answers: this.#answers.of(part.fence.sessionId) }));
    const all = asked.flatMap(({ answers }) => answers);
    const [{ keyId, token } = NOTHING] = all;
    const one = all.length === 1 && this.#isNext(parts[0]!) ? valuesOfRow(parts) : undefined;
    const isWritten = one !== undefined && (await this.#writeOne(appendAnsweredRow, [...one, keyId, token]));
    if (isWritten) verdicts.set(parts[0]!, { ...AS_USUAL, head: parts[0]!.first - 1 });
    const found = isWritten ? all : await findSettled(all, (values) => this.#run(settleAnswers, values));
    for (const { part, answers } of asked) {
      if (answers.every((answer) => found.includes(answer)))
        this.#answers.settled(part.fence.sessionId, answers);
      else verdicts.set(part, UNANSWERED);
    }
  }

  async #writeAll(parts: readonly Part[], verdicts: Map<Part, Verdict>): Promise<void> {
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
  }

  /** @returns whether it was written */
  async #writeOne(statement: Statement, values: readonly Parameter[]): Promise<boolean> {
    try {
      return (await this.#count(statement, values)) === 1;
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }

  /** Gives the connection back; the next batch takes another. */
  release(): void {
    if (this.#client !== undefined) this.#database.release(this.#client);
    this.#client = undefined;
  }

  /** @returns whether all of it was written */
  async #writeNext(parts: readonly Part[]): Promise<boolean> {
    const one = valuesOfRow(parts);
    if (one !== undefined) return this.#writeOne(appendNextRow, one);
    try {
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
const NOTHING = { keyId: null, token: null };
const UNANSWERED: Verdict = { ...AS_USUAL, head: 0, unanswered: true };

function verdictOf(row: Row): Verdict {
  return {
    held: row.held === true,
    open: row.open === true,
    head: row.head as number,
    refusedFrom: row.refused_from as number | null,
    steered: row.steered === true,
  };
}
