// Reads of one row each that many ask for at once, in one statement: a host that drives many turns looks at each of them at its begin
// and at its end, and each statement costs both sides more than the row does.
//
// SR1  A read sees what was committed before it was asked for: it goes out after that, and never joins one that is under way.
// SR2  What fails for one of them (a key that is not to be stored) is asked for again alone, so that it fails for no other.
import { isPawlError } from "@pawl/core";
import type { Database, Row } from "./database.ts";
import type { Statement } from "./statement.ts";

const MOST_OF_A_BATCH = 128;

/** Then nothing else would be answered either. */
const FAILS_FOR_ALL = ["store_unreachable", "store_closed"] as const;

interface Waiting<Asked> {
  readonly asked: Asked;
  resolve(row: Row | undefined): void;
  reject(error: unknown): void;
}

export interface SharedReadsOptions<Asked> {
  readonly database: Database;
  /** Returns what it finds with `place`: of whom it is, from 1, as WITH ORDINALITY counts. */
  readonly statement: Statement;
  readonly values: (asked: readonly Asked[]) => unknown[];
}

export class SharedReads<Asked> {
  readonly #options: SharedReadsOptions<Asked>;
  #burst: Waiting<Asked>[] = [];

  constructor(options: SharedReadsOptions<Asked>) {
    this.#options = options;
  }

  /** The row that is found, if any. Throws as `Database.read`. */
  read(asked: Asked): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#burst.length === 0) setImmediate(() => this.#send());
      this.#burst.push({ asked, resolve, reject });
    });
  }

  #send(): void {
    const burst = this.#burst;
    this.#burst = [];
    for (let from = 0; from < burst.length; from += MOST_OF_A_BATCH)
      void this.#ask(burst.slice(from, from + MOST_OF_A_BATCH));
  }

  async #ask(batch: readonly Waiting<Asked>[]): Promise<void> {
    const { database, statement, values } = this.#options;
    try {
      const rows = await database.read(statement, values(batch.map(({ asked }) => asked)));
      const found = new Map(rows.map((row) => [Number(row.place) - 1, row]));
      for (const [index, { resolve }] of batch.entries()) resolve(found.get(index));
    } catch (error) {
      const isAlone = batch.length === 1 || FAILS_FOR_ALL.some((code) => isPawlError(error, code));
      if (isAlone) for (const { reject } of batch) reject(error);
      else for (const one of batch) void this.#ask([one]);
    }
  }
}

/** Of rows by a text that names them: $1 is a list of these. */
export function readsOf(database: Database, statement: Statement): SharedReads<string> {
  return new SharedReads({ database, statement, values: (asked) => [asked] });
}
