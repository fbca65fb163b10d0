import type { JobId, JobSessionId, ProcessId, ProcessRecord, SessionId } from "@pawl/core";
import type { EndedTurn, Logger, ProcessListener } from "@pawl/core/ports";

type BySession = Map<SessionId, Set<(end?: EndedTurn) => void>>;

/**
 * Hints to listeners, each delivered in a microtask of its own: never from inside a section, so that a listener that
 * calls the store at once finds it whole.
 */
export class Hints {
  readonly #work = new Set<(sessionId: SessionId | undefined) => void>();
  readonly #due = new Set<(inMs: number) => void>();
  readonly #resolved = new Set<(keyId: string) => void>();
  readonly #changed = new Set<ProcessListener>();
  readonly #jobs = new Set<(jobId: JobId) => void>();
  readonly #claimed = new Set<(sessionId: JobSessionId) => void>();
  readonly #messages = new Set<() => void>();
  readonly #append: BySession = new Map();
  readonly #rest: BySession = new Map();
  readonly #logger: Logger | undefined;

  constructor(logger?: Logger) {
    this.#logger = logger;
  }

  work(sessionId?: SessionId): void {
    for (const listener of this.#work) {
      this.#later(() => {
        if (this.#work.has(listener)) listener(sessionId);
      });
    }
  }

  due(inMs: number): void {
    for (const listener of this.#due) {
      this.#later(() => {
        if (this.#due.has(listener)) listener(inMs);
      });
    }
  }

  appended(sessionId: SessionId): void {
    this.#tell(this.#append, sessionId);
  }

  /** Its turn ended, or its holder has left it. */
  rested(sessionId: SessionId, end?: EndedTurn): void {
    this.#tell(this.#rest, sessionId, end);
  }

  resolved(keyId: string): void {
    for (const listener of this.#resolved) {
      this.#later(() => {
        if (this.#resolved.has(listener)) listener(keyId);
      });
    }
  }

  changed(processId: ProcessId, record: ProcessRecord): void {
    for (const listener of this.#changed) {
      this.#later(() => {
        if (this.#changed.has(listener)) listener(processId, record);
      });
    }
  }

  claimed(sessionId: JobSessionId): void {
    for (const listener of this.#claimed) {
      this.#later(() => {
        if (this.#claimed.has(listener)) listener(sessionId);
      });
    }
  }

  onClaimed(listener: (sessionId: JobSessionId) => void): () => void {
    const entry = (sessionId: JobSessionId) => listener(sessionId);
    this.#claimed.add(entry);
    return () => void this.#claimed.delete(entry);
  }

  job(jobId: JobId): void {
    for (const listener of this.#jobs) {
      this.#later(() => {
        if (this.#jobs.has(listener)) listener(jobId);
      });
    }
  }

  message(): void {
    for (const listener of this.#messages) {
      this.#later(() => {
        if (this.#messages.has(listener)) listener();
      });
    }
  }

  onMessage(listener: () => void): () => void {
    const entry = () => listener();
    this.#messages.add(entry);
    return () => void this.#messages.delete(entry);
  }

  onJob(listener: (jobId: JobId) => void): () => void {
    const entry = (jobId: JobId) => listener(jobId);
    this.#jobs.add(entry);
    return () => void this.#jobs.delete(entry);
  }

  onChange(listener: ProcessListener): () => void {
    const entry: ProcessListener = (processId, record) => listener(processId, record);
    this.#changed.add(entry);
    return () => void this.#changed.delete(entry);
  }

  onResolved(listener: (keyId: string) => void): () => void {
    const entry = (keyId: string) => listener(keyId);
    this.#resolved.add(entry);
    return () => void this.#resolved.delete(entry);
  }

  onWork(listener: (sessionId: SessionId | undefined) => void): () => void {
    // Wrapped, so that one function given twice is two subscriptions.
    const entry = (sessionId: SessionId | undefined) => listener(sessionId);
    this.#work.add(entry);
    return () => void this.#work.delete(entry);
  }

  onDue(listener: (inMs: number) => void): () => void {
    const entry = (inMs: number) => listener(inMs);
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
    this.#claimed.clear();
    this.#messages.clear();
    this.#append.clear();
    this.#rest.clear();
  }

  #tell(all: BySession, sessionId: SessionId, end?: EndedTurn): void {
    for (const listener of all.get(sessionId) ?? []) {
      this.#later(() => {
        if (all.get(sessionId)?.has(listener)) listener(end);
      });
    }
  }

  #later(run: () => void): void {
    queueMicrotask(() => {
      try {
        run();
      } catch (error) {
        // A hint may be lost; a listener that fails must not fail the others.
        this.#logger?.warn("A listener of the store threw.", { error: String(error) });
      }
    });
  }
}

function listen(all: BySession, sessionId: SessionId, listener: (end?: EndedTurn) => void): () => void {
  const entry = (end?: EndedTurn) => listener(end);
  const listeners = all.get(sessionId) ?? new Set();
  all.set(sessionId, listeners.add(entry));
  return () => {
    listeners.delete(entry);
    if (listeners.size === 0 && all.get(sessionId) === listeners) all.delete(sessionId);
  };
}
