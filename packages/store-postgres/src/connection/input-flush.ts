// Inputs are committed without waiting for the disk, so that a turn begins while the disk is being waited for; whoever sent one hears of it when
// it is there.
//
// IF1  One statement looks that the inputs are there and waits for the disk, in one transaction: what was lost in a crash of the database between
//      the two commits is not found, and then it is accepted anew.
// IF2  Those that come while a flush is under way share the next one: it is their order in the write-ahead log that makes them durable.
import type { InputId } from "@pawl/core";
import { settleInputs } from "../statements/settle-inputs.ts";
import type { Database } from "./database.ts";

interface Flush {
  readonly inputs: InputId[];
  readonly found: Promise<ReadonlySet<unknown>>;
}

export class InputFlush {
  readonly #database: Database;
  #underWay: Promise<unknown> = Promise.resolve();
  #next: Flush | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** False: it is not there (any more). @throws PawlError as `Database.write`: then it may be durable or not */
  async settle(inputId: InputId): Promise<boolean> {
    this.#next ??= this.#prepare();
    const { inputs, found } = this.#next;
    inputs.push(inputId);
    return (await found).has(inputId);
  }

  #prepare(): Flush {
    const inputs: InputId[] = [];
    const found = this.#underWay.then(async () => {
      this.#next = undefined;
      const rows = await this.#database.write(settleInputs, [inputs]);
      return new Set(rows.map((row) => row.input_id));
    });
    this.#underWay = found.catch(() => {});
    return { inputs, found };
  }
}
