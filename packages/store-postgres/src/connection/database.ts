import type { Logger } from "@pawl/core/ports";
import type { Pool, PoolClient, QueryResult } from "pg";
import { closed } from "../errors.ts";
import { areDecodersLoaded, loadDecoders } from "../rows/decoders.ts";
import type { Parameter } from "./bind-message.ts";
import { type Operation, storeFailure } from "./failure.ts";
import { IdleConnections } from "./idle-connections.ts";
import { type Insistence, insist } from "./insist.ts";
import { failureKind } from "./retryable-codes.ts";
import { RowCountQuery, writesForItself } from "./row-count-query.ts";
import { rowTypes } from "./row-types.ts";
import { parametersOf, RowsQuery, runsRowsQueries } from "./rows-query.ts";
import { type BoundStatement, bindStatement, type Statement } from "./statement.ts";

/** What runs a query: a pool, a client of it, or a client in somebody's transaction. */
export interface Queryable {
  query(query: {
    readonly name?: string;
    readonly text: string;
    readonly values: unknown[];
    readonly types: typeof rowTypes;
  }): Promise<{ readonly rows: unknown[] }>;
}

/** One that this package began. Errors come as the driver throws them. */
export interface Transaction {
  run(statement: Statement, values: unknown[]): Promise<readonly Row[]>;
  /** A command without parameters, such as `savepoint`. */
  command(text: string): Promise<void>;
}

export interface DatabaseOptions {
  readonly pool: Pool;
  readonly schema: string;
  /** How long a failing connection is tried again, in milliseconds. */
  readonly patienceMs: number;
  readonly preparedStatements: boolean;
  readonly logger: Logger;
  readonly random: () => number;
}

/** One listens, two append, and the others must not wait for them. */
const ROOMY_POOL = 5;

/**
 * Runs single statements, each its own transaction, on the pool. What rolled back or never arrived is tried again; so is what
 * may have been lost, because every statement that is written here recognises what it did before, or may happen twice.
 */
export class Database {
  readonly pool: Pool;
  readonly schema: string;
  readonly logger: Logger;
  readonly #bound = new Map<Statement, BoundStatement>();
  readonly #options: DatabaseOptions;
  readonly #closing = new AbortController();
  readonly #idle: IdleConnections;
  readonly #runsRowsQueries: boolean;
  #prepared: boolean;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.pool = options.pool;
    this.#idle = new IdleConnections(options.pool);
    this.schema = options.schema;
    this.logger = options.logger;
    this.#prepared = options.preparedStatements;
    this.#runsRowsQueries = runsRowsQueries(options.pool);
  }

  /** Aborted when the store closes. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** The pool can spare a connection for longer: nobody waits for one, and some are left for the others. */
  get hasRoom(): boolean {
    return (this.pool.options?.max ?? 0) >= ROOMY_POOL && this.pool.waitingCount === 0;
  }

  /** @throws PawlError `store_read_failed`, `store_unreachable` */
  read(statement: Statement, values: unknown[]): Promise<readonly Row[]> {
    return this.#patiently(statement, values, "read", { repeatLost: true });
  }

  /** @throws PawlError `store_write_failed`, `store_outcome_unknown`, `store_unreachable` */
  write(
    statement: Statement,
    values: unknown[],
    insistence?: Omit<Insistence, "repeatLost">,
  ): Promise<readonly Row[]> {
    return this.#patiently(statement, values, "write", { ...insistence, repeatLost: true });
  }

  /**
   * As `write`. `repeated`: an answer was lost before this one, so what the statement finds there may be its own doing.
   */
  async writeTold(
    statement: Statement,
    values: unknown[],
  ): Promise<{ readonly rows: readonly Row[]; readonly repeated: boolean }> {
    let repeated = false;
    const onLost = () => {
      repeated = true;
    };
    const rows = await this.write(statement, values, { onLost });
    return { rows, repeated };
  }

  /** For statements whose lost answer must not be answered by doing it again. Throws as `write`. */
  writeOnce(statement: Statement, values: unknown[]): Promise<readonly Row[]> {
    return this.#patiently(statement, values, "write", { repeatLost: false });
  }

  /**
   * As `write`, or as `writeOnce` when a lost answer is not to be repeated, for a statement that returns no rows: how many it wrote. For the
   * hottest of those that many write at once.
   */
  async writeCounted(
    statement: Statement,
    values: readonly Parameter[],
    { repeatLost }: Pick<Insistence, "repeatLost">,
  ): Promise<number> {
    try {
      return await this.insist(() => this.#countOnAny(statement, values), { repeatLost });
    } catch (error) {
      throw storeFailure(error, "write", statement.name);
    }
  }

  async #countOnAny(statement: Statement, values: readonly Parameter[]): Promise<number> {
    const client = await this.connect();
    let broken = false;
    try {
      return await this.count(client, statement, values);
    } catch (error) {
      const kind = failureKind(error);
      broken = kind === "lost" || kind === "unreachable";
      throw error;
    } finally {
      this.release(client, broken);
    }
  }

  /** One attempt on this connection; errors come as the driver throws them. */
  async run(on: Queryable, statement: Statement, values: unknown[]): Promise<readonly Row[]> {
    const rows = (await this.#ask(on, this.#bind(statement), values)).rows as Row[];
    if (needsDecoders(statement, rows)) await loadDecoders();
    return rows;
  }

  #ask(
    on: Queryable,
    bound: BoundStatement,
    values: unknown[],
  ): Promise<{ readonly rows: readonly unknown[] }> {
    const { name, text } = bound;
    if (!this.#prepared) return on.query({ text, values, types: rowTypes });
    const parameters = on === this.pool && this.#runsRowsQueries ? parametersOf(values) : undefined;
    // The pool gives it a callback, and resolves to what that is told.
    if (parameters !== undefined) return on.query(new RowsQuery(bound, parameters) as never);
    return on.query({ name, text, values, types: rowTypes });
  }

  /** As `run`, for a statement that returns no rows: how many it wrote. */
  async count(on: PoolClient, statement: Statement, values: readonly Parameter[]): Promise<number> {
    const bound = this.#bind(statement);
    if (!this.#prepared || !writesForItself(on)) {
      const { name, text } = bound;
      const query = { text, values: [...values] };
      return (await on.query(this.#prepared ? { name, ...query } : query)).rowCount ?? 0;
    }
    const query = new RowCountQuery(bound, values);
    // A client that runs it in its own way answers in the usual form.
    const answer: unknown = on.query(query);
    return answer === query ? await query.count : (((await answer) as QueryResult).rowCount ?? 0);
  }

  /** One attempt within somebody else's transaction, which is left usable unless PostgreSQL itself refused. */
  async runWithin(tx: Queryable, statement: Statement, values: unknown[]): Promise<readonly Row[]> {
    try {
      const answer = await tx.query({ text: this.#bind(statement).text, values, types: rowTypes });
      const rows = answer.rows as Row[];
      if (needsDecoders(statement, rows)) await loadDecoders();
      return rows;
    } catch (error) {
      throw storeFailure(error, "write", statement.name);
    }
  }

  /**
   * Several statements as one transaction. The whole is tried again as `write` does, also when its answer was lost: `work` must
   * find out for itself what an earlier attempt did. Throws as `write`; a PawlError of `work` rolls back.
   */
  async transaction<T>(name: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      return await this.insist(() => this.#transact(work), { repeatLost: true });
    } catch (error) {
      throw storeFailure(error, "write", name);
    }
  }

  async #transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const client = await this.connect();
    let broken = false;
    try {
      await client.query("begin isolation level read committed");
      const result = await work({
        run: (statement, values) => this.run(client, statement, values),
        command: async (text) => void (await client.query(text)),
      });
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback").catch(() => {
        broken = true;
      });
      throw error;
    } finally {
      this.release(client, broken);
    }
  }

  /** A client of the pool for several statements. Its errors while nobody listens must not end the process. */
  async connect(): Promise<PoolClient> {
    const idle = this.#idle.soon();
    if (idle !== undefined) await idle;
    if (this.closing.aborted) throw closed();
    const client = await this.pool.connect();
    client.on("error", ignore);
    return client;
  }

  /** Gives a client back; `broken` ones are not used again. */
  release(client: PoolClient, broken = false): void {
    client.off("error", ignore);
    client.release(broken);
  }

  /** Runs until it succeeds, fails for good, or the patience is over. Throws what the driver threw. */
  insist<T>(attempt: () => Promise<T>, insistence: Insistence): Promise<T> {
    const { patienceMs, random } = this.#options;
    return insist(attempt, insistence, {
      patienceMs,
      random,
      closing: this.closing,
      replan: () => {
        if (this.#prepared) this.logger.warn("Prepared statements do not work here and are off from now on.");
        this.#prepared = false;
      },
    });
  }

  /** No statement begins after this; those that wait for another attempt end. */
  stop(): void {
    this.#closing.abort();
    this.#idle.stop();
  }

  async #patiently(
    statement: Statement,
    values: unknown[],
    operation: Operation,
    insistence: Insistence,
  ): Promise<readonly Row[]> {
    try {
      return await this.insist(() => this.#runOnPool(statement, values), insistence);
    } catch (error) {
      throw storeFailure(error, operation, statement.name);
    }
  }

  async #runOnPool(statement: Statement, values: unknown[]): Promise<readonly Row[]> {
    const idle = this.#idle.soon();
    if (idle !== undefined) {
      await idle;
      if (this.closing.aborted) throw closed();
    }
    return await this.run(this.pool, statement, values);
  }

  #bind(statement: Statement): BoundStatement {
    let bound = this.#bound.get(statement);
    if (bound === undefined) {
      bound = bindStatement(statement, this.schema);
      this.#bound.set(statement, bound);
    }
    return bound;
  }
}

function needsDecoders({ isDecoded }: Statement, rows: readonly Row[]): boolean {
  return isDecoded !== undefined && !areDecodersLoaded() && rows.some(isDecoded);
}

/** A row of a result, by column. Only files in `rows/` look inside. */
export type Row = Readonly<Record<string, unknown>>;

function ignore(): void {}
