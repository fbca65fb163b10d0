// Group commit for new jobs: what many clients submit at once is stored by one statement. A NOTIFY makes commits wait for one another
// (D10), so that as many commits as jobs would be the whole cost of a submission.
//
// JC1  Only what is as usual goes this way: jobs that live, are new and whose session is held. Everything else, and everything of which it
//      is not known whether it landed, goes the general way, which reads first, recognises the same job and says what is wrong.
import type { NewJob } from "@pawl/core/ports";
import { createJobs } from "../statements/create-jobs.ts";
import type { Database } from "./database.ts";

const MOST_OF_A_BATCH = 128;
const MOST_CHARACTERS = 4_000_000;

export interface JobCreation {
  /** Storable. */
  readonly job: NewJob;
  /** Of the job, so that the same one is recognised when it is asked for again. */
  readonly digest: string;
  /** Of the job as JSON, for the size of a batch. */
  readonly characters: number;
  readonly epoch: number | undefined;
}

interface Waiting extends JobCreation {
  /** Whether it was made; else it has to go the general way. */
  resolve(made: boolean): void;
}

export class JobCreations {
  readonly #database: Database;
  readonly #channel: string;
  #queue: Waiting[] = [];
  #pump: Promise<void> | undefined;

  constructor(database: Database, channel: string) {
    this.#database = database;
    this.#channel = channel;
  }

  /** Resolves to true when the job is durable, to false when it has to go the general way (JC1). Never rejects. */
  create(asked: JobCreation): Promise<boolean> {
    if (!asked.job.live) return Promise.resolve(false);
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

  #takeBatch(): readonly Waiting[] {
    let count = 0;
    for (let characters = 0; count < this.#queue.length && count < MOST_OF_A_BATCH; count++) {
      characters += this.#queue[count]?.characters ?? 0;
      if (count > 0 && characters > MOST_CHARACTERS) break;
    }
    return this.#queue.splice(0, count);
  }

  async #flush(batch: readonly Waiting[]): Promise<void> {
    const made = await this.#write(batch);
    for (const { job, resolve } of batch) resolve(made.has(job.jobId));
  }

  /** Those that landed for certain. */
  async #write(batch: readonly Waiting[]): Promise<ReadonlySet<string>> {
    const asked = batch.map(({ job, digest, epoch }) => ({ ...job, digest, epoch }));
    try {
      const values = [JSON.stringify(asked), this.#channel];
      const rows = await this.#database.write(createJobs, values);
      return new Set(rows.map(({ job_id }) => String(job_id)));
    } catch {
      return new Set();
    }
  }
}
