// A prepared statement of which only the number of rows is wanted, as one message to the server and one back.
import type { Connection, Submittable } from "pg";
import type { BoundStatement } from "./statement.ts";

/** What a parameter can be; PostgreSQL reads it from its text. */
export type Parameter = string | number | boolean | null;

/** Of `pg`'s connection, beside what its types tell. */
interface ParsingConnection extends Connection {
  /** Texts of the statements that this connection has prepared, by name. `pg` keeps it. */
  readonly parsedStatements: { readonly [name: string]: string | undefined };
}

/** Execute without a limit, and Sync. */
const EXECUTE_AND_SYNC = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0x53, 0, 0, 0, 4]);
const BIND = 0x42;

/**
 * Runs through `pg` like a query of its own, and asks for less: rows are neither described nor sent (the statement must return none), and
 * what is asked goes out in one piece. That saves a third of what such a query costs this process. `text` and `values` are there for
 * whoever looks on: an instrumented client, or one that runs the statement in its own way.
 */
export class RowCountQuery implements Submittable {
  readonly name: string;
  readonly text: string;
  readonly values: readonly Parameter[];
  /** `pg` wraps it where queries have a time-out. */
  callback: (error: Error | null, count?: number) => void;
  /** How many rows the statement wrote; rejects with what the driver told. */
  readonly count: Promise<number>;
  #count = 0;

  constructor({ name, text }: BoundStatement, values: readonly Parameter[]) {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.name = name;
    this.text = text;
    this.values = values;
    this.count = promise;
    this.callback = (error, count = 0) => (error === null ? resolve(count) : reject(error));
  }

  submit(connection: Connection): void {
    const { parsedStatements } = connection as ParsingConnection;
    if (parsedStatements[this.name] === undefined) {
      connection.parse({ name: this.name, text: this.text, types: [] }, true);
    }
    connection.stream.write(messageOf(this.name, this.values));
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    // Such as INSERT 0 3.
    this.#count = Number(text.slice(text.lastIndexOf(" ") + 1));
  }

  handleReadyForQuery(): void {
    this.callback(null, this.#count);
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}

/** Whether the client is one of `pg` in JavaScript, which lets such a query write for itself; a pipelining one does not. */
export function canCountRows(client: object): boolean {
  const { connection, pipeline } = client as { connection?: Partial<ParsingConnection>; pipeline?: boolean };
  return (
    connection?.parsedStatements !== undefined && connection.stream?.write !== undefined && pipeline !== true
  );
}

/** Bind, with all in text, then execute and sync. */
function messageOf(name: string, values: readonly Parameter[]): Buffer {
  const texts = values.map((value) => (value === null ? null : String(value)));
  const sizes = texts.map((text) => (text === null ? -1 : Buffer.byteLength(text)));
  // Its own length, the names of portal and statement, both formats, and each value behind its length.
  let length = 4 + 1 + Buffer.byteLength(name) + 1 + 2 + 2 + 2;
  for (const size of sizes) length += 4 + Math.max(0, size);
  const message = Buffer.allocUnsafe(1 + length + EXECUTE_AND_SYNC.length);
  message[0] = BIND;
  let at = message.writeInt32BE(length, 1);
  message[at++] = 0;
  at += message.write(name, at);
  message[at++] = 0;
  at = message.writeInt16BE(0, at);
  at = message.writeInt16BE(values.length, at);
  for (const [index, size] of sizes.entries()) {
    at = message.writeInt32BE(size, at);
    const text = texts[index]!;
    // What takes one byte a character is ASCII, and is written faster as that.
    if (size > 0) at += message.write(text, at, text.length === size ? "latin1" : "utf8");
  }
  at = message.writeInt16BE(0, at);
  EXECUTE_AND_SYNC.copy(message, at);
  return message;
}
