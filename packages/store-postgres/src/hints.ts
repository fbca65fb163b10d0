import type { JobId, JobSessionId, ProcessId, ProcessRecord, SessionId } from "@pawl/core";
import type { EndedTurn, Logger, ProcessListener } from "@pawl/core/ports";
import { Listeners } from "./listeners.ts";

type BySession<Told extends readonly unknown[]> = Map<string, Listeners<Told>>;

/**
 * Who in this process wants to hear that there may be work, or that a log may have grown. Hints may be lost and may come twice.
 */
export class Hints {
  readonly #work: Listeners<[sessionId: SessionId | undefined]>;
  readonly #due: Listeners<[inMs: number]>;
  readonly #resolved: Listeners<[keyId: string]>;
  readonly #changed: Listeners<Parameters<ProcessListener>>;
  readonly #jobs: Listeners<[jobId: JobId | undefined]>;
  readonly #claimed: Listeners<[sessionId: JobSessionId]>;
  readonly #messages: Listeners<[]>;
  readonly #append: BySession<[]> = new Map();
  readonly #rest: BySession<[end: (() => EndedTurn) | undefined]> = new Map();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#work = new Listeners(logger);
    this.#due = new Listeners(logger);
    this.#resolved = new Listeners(logger);
    this.#changed = new Listeners(logger);
    this.#jobs = new Listeners(logger);
    this.#claimed = new Listeners(logger);
    this.#messages = new Listeners(logger);
  }

  work(sessionId?: SessionId): void {
    this.#work.tell(sessionId);
  }

  due(inMs: number): void {
    this.#due.tell(inMs);
  }

  appended(sessionId: string): void {
    this.#append.get(sessionId)?.tell();
  }

  /** Its turn ended, or its holder has left it. `end`: makes a copy of what a turn came to that was ended here. */
  rested(sessionId: string, end?: () => EndedTurn): void {
    this.#rest.get(sessionId)?.tell(end);
  }

  resolved(keyId: string): void {
    this.#resolved.tell(keyId);
  }

  /** Undefined: any may have changed. `record`: what this process wrote. */
  changed(processId?: ProcessId, record?: ProcessRecord): void {
    this.#changed.tell(processId, record);
  }

  /** Undefined: any may have changed. */
  job(jobId?: JobId): void {
    this.#jobs.tell(jobId);
  }

  claimed(sessionId: JobSessionId): void {
    this.#claimed.tell(sessionId);
  }

  message(): void {
    this.#messages.tell();
  }

  /** After a time in which hints of other processes did not come through. */
  everything(): void {
    this.work();
    this.changed();
    this.job();
    for (const listeners of this.#append.values()) listeners.tell();
    for (const listeners of this.#rest.values()) listeners.tell(undefined);
  }

  onWork(listener: (sessionId: SessionId | undefined) => void): () => void {
    return this.#work.add(listener);
  }

  onDue(listener: (inMs: number) => void): () => void {
    return this.#due.add(listener);
  }

  onResolved(listener: (keyId: string) => void): () => void {
    return this.#resolved.add(listener);
  }

  onChange(listener: ProcessListener): () => void {
    return this.#changed.add(listener);
  }

  onJob(listener: (jobId: JobId | undefined) => void): () => void {
    return this.#jobs.add(listener);
  }

  onClaimed(listener: (sessionId: JobSessionId) => void): () => void {
    return this.#claimed.add(listener);
  }

  onMessage(listener: () => void): () => void {
    return this.#messages.add(listener);
  }

  onAppend(sessionId: SessionId, listener: () => void): () => void {
    return this.#listen(this.#append, sessionId, listener);
  }

  onRest(sessionId: SessionId, listener: (end?: EndedTurn) => void): () => void {
    return this.#listen(this.#rest, sessionId, (end) => listener(end?.()));
  }

  clear(): void {
    this.#work.clear();
    this.#due.clear();
    this.#resolved.clear();
    this.#changed.clear();
    this.#jobs.clear();
    this.#claimed.clear();
    this.#messages.clear();
    for (const listeners of this.#append.values()) listeners.clear();
    for (const listeners of this.#rest.values()) listeners.clear();
    this.#append.clear();
    this.#rest.clear();
  }

  #listen<Told extends readonly unknown[]>(
    all: BySession<Told>,
    sessionId: string,
    listener: (...told: Told) => void,
  ): () => void {
    const listeners = all.get(sessionId) ?? new Listeners<Told>(this.#logger);
    all.set(sessionId, listeners);
    const stop = listeners.add(listener);
    return () => {
      stop();
      if (listeners.size === 0 && all.get(sessionId) === listeners) all.delete(sessionId);
    };
  }
}
