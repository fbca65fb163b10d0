// A prepared statement whose rows are described once on each connection, as one message to the server.
import pg, { type Connection, type Pool, type Submittable } from "pg";
import { arrayText } from "./array-text.ts";
import { bindMessage, type Parameter } from "./bind-message.ts";
import { type ParsingConnection, writesForItself } from "./row-count-query.ts";
import { rowTypes } from "./row-types.ts";
import type { BoundStatement } from "./statement.ts";

type Rows = Readonly<Record<string, unknown>>[];

interface Column {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

interface Described {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
}

/** By the name of the statement. A prepared statement whose rows have changed is refused by the server, so that they stay what they are. */
const described = new WeakMap<Connection, Map<string, readonly Column[]>>();

/**
 * Runs through `pg` like a query of its own, which has the server describe the rows anew each time and writes four messages. `text` and
 * `values` are there for whoever looks on, or runs the statement in its own way.
 */
export class RowsQuery implements Submittable {
  readonly name: string;
  readonly text: string;
  readonly values: readonly Parameter[];
  /** Given by the pool. */
  callback: ((error: Error | null | undefined, result?: { readonly rows: Rows }) => void) | undefined;
  #connection: Connection | undefined;
  #columns: readonly Column[] = [];
  #failure: unknown;
  readonly #rows: Rows = [];

  constructor({ name, text }: BoundStatement, values: readonly Parameter[]) {
    this.name = name;
    this.text = text;
    this.values = values;
  }

  submit(connection: Connection): void {
    const { parsedStatements } = connection as ParsingConnection;
    this.#connection = connection;
    const isParsed = parsedStatements[this.name] !== undefined;
    const columns = isParsed ? described.get(connection)?.get(this.name) : undefined;
    if (!isParsed) connection.parse({ name: this.name, text: this.text, types: [] }, true);
    this.#columns = columns ?? [];
    connection.stream.write(bindMessage(this.name, this.values, columns === undefined));
  }

  handleRowDescription({ fields }: Described): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: rowTypes.getTypeParser(dataTypeID, "text") as Column["parse"],
    }));
    const connection = this.#connection!;
    const known = described.get(connection) ?? new Map();
    described.set(connection, known.set(this.name, this.#columns));
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    try {
      const row: Record<string, unknown> = {};
      for (const [index, { name, parse }] of this.#columns.entries()) {
        const text = fields[index]!;
        row[name] = text === null ? null : parse(text);
      }
      this.#rows.push(row);
    } catch (error) {
      this.#failure ??= error;
    }
  }

  handleReadyForQuery(): void {
    if (this.#failure !== undefined) this.handleError(this.#failure as Error);
    else this.callback?.(null, { rows: this.#rows });
  }

  handleError(error: Error): void {
    this.callback?.(error);
  }

  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}

/** The same as such a query takes them, or undefined where `pg` has to write one of them. */
export function parametersOf(values: readonly unknown[]): readonly Parameter[] | undefined {
  const parameters: Parameter[] = [];
  for (const value of values) {
    if (value === undefined) parameters.push(null);
    else if (isParameter(value)) parameters.push(value);
    else if (Array.isArray(value) && value.every(isParameter)) parameters.push(arrayText(value));
    else return undefined;
  }
  return parameters;
}

function isParameter(value: unknown): value is Parameter {
  return (
    value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean"
  );
}

/** Whether the pool's clients are those of `pg` in JavaScript, as it makes them when nothing else is said. */
export function runsRowsQueries(pool: Pool): boolean {
  if (!(pool instanceof pg.Pool) || pool.options.Client !== undefined) return false;
  return pool.options.pipeline !== true && writesForItself(new pg.Client());
}
