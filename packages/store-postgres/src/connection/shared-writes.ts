// Group commit for writes of one row each: what many ask for at once is one statement and one commit. A NOTIFY makes commits wait for one
// another (D10), and each commit waits for the disk, so that one commit a row would be the whole cost of a submission.
//
// SW1  Only what is as usual goes this way. Everything else, and everything of which it is not known whether it landed, goes the general
//      way: a statement for one, which reads first, recognises what is there already and says what is wrong.
// SW2  A batch holds at most one write of a key, and those of one key keep their order.
import type { Database, Row } from "./database.ts";
import { oneOfEach } from "./one-of-each.ts";
import type { Statement } from "./statement.ts";

const MOST_OF_A_BATCH = 128;

export interface SharedWrite {
  /** Names the row. */
  readonly key: string;
  /** What the statement is given for it: storable JSON, or its text. */
  readonly row: object | string;
  /** Of the row as JSON, about: for the size of a batch. */
  readonly characters: number;
}

interface Waiting extends SharedWrite {
  resolve(landed: Row | undefined): void;
}

export interface SharedWritesOptions {
  readonly database: Database;
  /** Writes a JSON list of rows, $1, and returns the rows that landed. */
  readonly statement: Statement;
  /** From $2 on. */
  readonly values?: readonly unknown[];
  /** The key of a row that is returned. */
  readonly keyOf: (row: Row) => string;
}

export class SharedWrites {
  readonly #options: SharedWritesOptions;
  #queue: Waiting[] = [];
  #pump: Promise<void> | undefined;

  constructor(options: SharedWritesOptions) {
    this.#options = options;
  }

  /** Resolves to what the statement returned of the row, which is durable then; to undefined when it has to go the general way (SW1). Never rejects. */
  write(asked: SharedWrite): Promise<Row | undefined> {
    return new Promise((resolve) => {
      this.#queue.push({ ...asked, resolve });
      this.#pump ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      // Requests of one burst go together.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#flush(this.#takeBatch());
    }
    this.#pump = undefined;
  }

  #takeBatch(): ReadonlyMap<string, Waiting> {
    const { batch, left } = oneOfEach(this.#queue, MOST_OF_A_BATCH, ({ key }) => key);
    this.#queue = left;
    return batch;
  }

  async #flush(batch: ReadonlyMap<string, Waiting>): Promise<void> {
    const landed = await this.#write([...batch.values()]);
    for (const [key, { resolve }] of batch) resolve(landed.get(key));
  }

  /** Those that landed for certain. */
  async #write(batch: readonly Waiting[]): Promise<ReadonlyMap<string, Row>> {
    const { database, statement, values = [], keyOf } = this.#options;
    try {
      const asked = batch.map(({ row }) => (typeof row === "string" ? row : JSON.stringify(row)));
      const rows = await database.write(statement, [`[${asked.join()}]`, ...values]);
      return new Map(rows.map((row) => [keyOf(row), row]));
    } catch {
      // The general way asks each for itself, and tells what is wrong.
      return new Map();
    }
  }
}
