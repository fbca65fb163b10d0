import type { JobId, JobSessionId, ProcessId, ProcessRecord, SessionId } from "@pawl/core";
import type { EndedTurn, Logger, ProcessListener } from "@pawl/core/ports";

type BySession = Map<string, Set<{ readonly run: (end?: EndedTurn) => void }>>;

/**
 * Who in this process wants to hear that there may be work, or that a log may have grown. Hints may be lost and may come twice;
 * they are delivered in a microtask of their own, so a listener may call the store at once.
 */
export class Hints {
  readonly #work = new Set<{ readonly run: (sessionId: SessionId | undefined) => void }>();
  readonly #due = new Set<{ readonly run: (inMs: number) => void }>();
  readonly #resolved = new Set<{ readonly run: (keyId: string) => void }>();
  readonly #changed = new Set<{ readonly run: ProcessListener }>();
  readonly #jobs = new Set<{ readonly run: (jobId: JobId | undefined) => void }>();
  readonly #claimed = new Set<{ readonly run: (sessionId: JobSessionId) => void }>();
  readonly #messages = new Set<{ readonly run: () => void }>();
  readonly #append: BySession = new Map();
  readonly #rest: BySession = new Map();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  work(sessionId?: SessionId): void {
    for (const listener of this.#work) {
      this.#later(() => this.#work.has(listener) && listener.run(sessionId));
    }
  }

  due(inMs: number): void {
    for (const listener of this.#due) {
      this.#later(() => this.#due.has(listener) && listener.run(inMs));
    }
  }

  appended(sessionId: string): void {
    this.#tell(this.#append, sessionId);
  }

  /** Its turn ended, or its holder has left it. `end`: makes a copy of what a turn came to that was ended here. */
  rested(sessionId: string, end?: () => EndedTurn): void {
    this.#tell(this.#rest, sessionId, end);
  }

  resolved(keyId: string): void {
    for (const listener of this.#resolved) {
      this.#later(() => this.#resolved.has(listener) && listener.run(keyId));
    }
  }

  /** Undefined: any may have changed. `record`: what this process wrote. */
  changed(processId?: ProcessId, record?: ProcessRecord): void {
    for (const listener of this.#changed) {
      this.#later(() => this.#changed.has(listener) && listener.run(processId, record));
    }
  }

  /** Undefined: any may have changed. */
  job(jobId?: JobId): void {
    for (const listener of this.#jobs) {
      this.#later(() => this.#jobs.has(listener) && listener.run(jobId));
    }
  }

  claimed(sessionId: JobSessionId): void {
    for (const listener of this.#claimed) {
      this.#later(() => this.#claimed.has(listener) && listener.run(sessionId));
    }
  }

  onClaimed(listener: (sessionId: JobSessionId) => void): () => void {
    const entry = { run: listener };
    this.#claimed.add(entry);
    return () => void this.#claimed.delete(entry);
  }

  message(): void {
    for (const listener of this.#messages) {
      this.#later(() => this.#messages.has(listener) && listener.run());
    }
  }

  onMessage(listener: () => void): () => void {
    const entry = { run: listener };
    this.#messages.add(entry);
    return () => void this.#messages.delete(entry);
  }

  onJob(listener: (jobId: JobId | undefined) => void): () => void {
    const entry = { run: listener };
    this.#jobs.add(entry);
    return () => void this.#jobs.delete(entry);
  }

  onChange(listener: ProcessListener): () => void {
    const entry = { run: listener };
    this.#changed.add(entry);
    return () => void this.#changed.delete(entry);
  }

  onResolved(listener: (keyId: string) => void): () => void {
    const entry = { run: listener };
    this.#resolved.add(entry);
    return () => void this.#resolved.delete(entry);
  }

  /** After a time in which hints of other processes did not come through. */
  everything(): void {
    this.work();
    this.changed();
    this.job();
    for (const sessionId of this.#append.keys()) this.appended(sessionId);
    for (const sessionId of this.#rest.keys()) this.rested(sessionId);
  }

  onWork(listener: (sessionId: SessionId | undefined) => void): () => void {
    const entry = { run: listener };
    this.#work.add(entry);
    return () => void this.#work.delete(entry);
  }

  onDue(listener: (inMs: number) => void): () => void {
    const entry = { run: listener };
    this.#due.add(entry);
    return () => void this.#due.delete(entry);
  }

  onAppend(sessionId: SessionId, listener: () => void): () => void {
    return listen(this.#append, sessionId, listener);
  }

  onRest(sessionId: SessionId, listener: (end?: EndedTurn) => void): () => void {
    return listen(this.#rest, sessionId, listener);
  }

  clear(): void {
    this.#work.clear();
    this.#due.clear();
    this.#resolved.clear();
    this.#changed.clear();
    this.#jobs.clear();
    this.#messages.clear();
    this.#append.clear();
    this.#rest.clear();
  }

  #tell(all: BySession, sessionId: string, end?: () => EndedTurn): void {
    for (const listener of all.get(sessionId) ?? []) {
      this.#later(() => all.get(sessionId)?.has(listener) && listener.run(end?.()));
    }
  }

  #later(run: () => unknown): void {
    queueMicrotask(() => {
      try {
        run();
      } catch (error) {
        this.#logger.warn("A listener of the store threw.", { error: String(error) });
      }
    });
  }
}

function listen(all: BySession, sessionId: string, listener: (end?: EndedTurn) => void): () => void {
  const entry = { run: listener };
  const listeners = all.get(sessionId) ?? new Set();
  all.set(sessionId, listeners.add(entry));
  return () => {
    listeners.delete(entry);
    if (listeners.size === 0 && all.get(sessionId) === listeners) all.delete(sessionId);
  };
}
