/** What a system is given: a database of its own on the PostgreSQL of the run, and an empty folder. */
export interface Place {
  readonly url: string;
  readonly folder: string;
}

/**
 * A durable runtime, ours or a peer's, in a process of its own. Each is set up as its own documentation recommends for speed. Every
 * method returns milliseconds, measured where the work is asked for, and throws where the work did not come out right.
 */
export interface System {
  /** Runs `count` workflows at once, each of `steps` steps one after another. Every step is durable before the next begins. */
  workflows?(count: number, steps: number): Promise<number>;
  /** Queues `jobs` trivial jobs, then works them off, `concurrency` at once. The queueing is not in the time. */
  drain?(jobs: number, concurrency: number): Promise<number>;
  /** Gives an idle system one trivial job and waits for its end. */
  job?(): Promise<number>;
  close(): Promise<void>;
}

/** What a module in this folder exports as `open`. */
export type OpenSystem = (place: Place) => Promise<System>;

/** For work that counts what was done: a fast wrong answer must fail, not win. */
export function expectCount(what: string, seen: number, wanted: number): void {
  if (seen !== wanted) throw new Error(`${seen} of ${wanted} ${what} were done.`);
}
