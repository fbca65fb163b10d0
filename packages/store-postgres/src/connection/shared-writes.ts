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

/** What became of one write. */
export interface SharedAnswer {
  /** What the statement returned of it, which is committed then. */
  readonly row?: Row | undefined;
  /** An answer was lost: where there is no row, it may have landed all the same. */
  readonly repeated: boolean;
  /** The statement failed, for all of them. A PawlError, as `Database.write` throws it. */
  readonly failure?: unknown;
}

interface Waiting extends SharedWrite {
  resolve(answer: SharedAnswer): void;
}

export interface SharedWritesOptions {
  readonly database: Database;
  /** Writes a JSON list of rows, $1, and returns the rows that landed. */
  readonly statement: Statement;
  /** From $2 on. */
  readonly values?: readonly unknown[];
  /** The key of a row that is returned. */
  readonly keyOf: (row: Row) => string;
  /** How often a batch comes again after a deadlock or a lock time-out; default as `Insistence`. */
  readonly contentions?: number;
}

export class SharedWrites {
  readonly #options: SharedWritesOptions;
  #queue: Waiting[] = [];
  #pump: Promise<void> | undefined;

  constructor(options: SharedWritesOptions) {
    this.#options = options;
  }

  /** Resolves to what the statement returned of the row, which is durable then; to undefined when it has to go the general way (SW1). Never rejects. */
  async write(asked: SharedWrite): Promise<Row | undefined> {
    return (await this.writeTold(asked)).row;
  }

  /** As `write`, for who has to know why there is no row. Never rejects. */
  writeTold(asked: SharedWrite): Promise<SharedAnswer> {
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
    const answerOf = await this.#write([...batch.values()]);
    for (const [key, { resolve }] of batch) resolve(answerOf(key));
  }

  async #write(batch: readonly Waiting[]): Promise<(key: string) => SharedAnswer> {
    const { database, statement, values = [], keyOf, contentions } = this.#options;
    let repeated = false;
    try {
      const asked = batch.map(({ row }) => (typeof row === "string" ? row : JSON.stringify(row)));
      const rows = await database.write(statement, [`[${asked.join()}]`, ...values], {
        onLost: () => {
          repeated = true;
        },
        ...(contentions !== undefined && { contentions }),
      });
      const landed = new Map(rows.map((row) => [keyOf(row), row]));
      return (key) => ({ row: landed.get(key), repeated });
    } catch (failure) {
      // The general way asks each for itself, and tells what is wrong.
      return () => ({ repeated, failure });
    }
  }
}
