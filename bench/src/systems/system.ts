/** What a system is given. */
export interface Place {
  /** A database of its own on the PostgreSQL of the run. Processes of one system share it. */
  readonly url: string;
  /** A folder of its own, shared in the same way. */
  readonly folder: string;
  readonly role: Role;
}

/**
 * `worker` does the work, `other` is a second node that could, and `client` only asks for it and sends events. `idler` is a worker as its
 * defaults are, where `worker` is set up for speed.
 */
export type Role = "worker" | "other" | "client" | "idler";

/**
 * A durable runtime, ours or a peer's, in a process of its own. Each is set up as its own documentation recommends for speed. Times are
 * milliseconds. Every method throws where the work did not come out right.
 */
export interface System {
  /** Runs `count` workflows at once, each of `steps` steps one after another. Every step is durable before the next begins. */
  workflows?(count: number, steps: number): Promise<number>;
  /** Runs `count` turns of an agent at once, each of `calls` calls of a model and of a tool in turn, and of a last answer. */
  calls?(count: number, calls: number): Promise<number>;
  /** Queues `jobs` trivial jobs, then works them off, `concurrency` at once. The queueing is not in the time. */
  drain?(jobs: number, concurrency: number): Promise<number>;
  /** Gives an idle system so many trivial jobs, one after another: from asking until it is known that each is done. */
  jobs?(count: number): Promise<readonly number[]>;
  /** As `jobs`, with whole turns of an agent in place of jobs. */
  turns?(count: number): Promise<readonly number[]>;
  /** Begins `count` workflows that wait for an event each. @returns their names once all of them wait */
  wait?(count: number): Promise<readonly string[]>;
  /** As `wait`, and nothing of them is in memory any more when it resolves. */
  waitParked?(count: number): Promise<readonly string[]>;
  /** Sends the event for which the workflow of this name waits. @returns when that began, by `monotonicMs` */
  signal?(name: string): Promise<number>;
  /** @returns when the workflow of this name went on after its event, by `monotonicMs` */
  wentOn?(name: string): Promise<number>;
  /** Begins a workflow of `steps` steps, each of which adds a line to this file, see `StepFile`. */
  begin?(steps: number, file: string): Promise<void>;
  /** After a restart, where recovery has to be asked for. */
  recover?(): Promise<void>;
  /** Runs the turns of one conversation: each takes a message of `characters` and answers with one. */
  converse?(turns: number, characters: number): Promise<void>;
  close(): Promise<void>;
}

/** What a module in this folder exports as `open`. */
export type OpenSystem = (place: Place) => Promise<System>;

/** For work that counts what was done: a fast wrong answer must fail, not win. */
export function expectCount(what: string, seen: number, wanted: number): void {
  if (seen !== wanted) throw new Error(`${seen} of ${wanted} ${what} were done.`);
}
