import type { Awaitable } from "../persistence/awaitable.ts";
import type { AppendBatch, Delivery, EventStore, JobLogEntry } from "../persistence/event-store.ts";
import type { JobUpdate } from "../persistence/job-store.ts";

/** One change to be stored: the parts of an append. */
export interface Change {
  epochs: ReadonlyMap<string, number>;
  entries: JobLogEntry[];
  deliveries: Delivery[];
  jobs: JobUpdate[];
}

export interface CommitListener {
  /** It is stored and may be sent. Called in the order of the appends. */
  committed(delivery: Delivery): void;
  /** Nothing of this session was stored; another process holds it, or (then there is a cause) the store has failed. */
  refused(sessionId: string, epoch: number, cause: unknown): void;
}

/**
 * Stores first, sends after. While one append is under way all that follow gather and go as one (group commit);
 * against a store that answers at once every event goes alone and at once.
 */
export class EventCommitter {
  readonly #events: EventStore;
  readonly #listener: CommitListener;
  #underWay: Promise<void> | undefined;
  #gathered: Change | undefined;
  #gatheredDone: Promise<void> | undefined;

  constructor(events: EventStore, listener: CommitListener) {
    this.#events = events;
    this.#listener = listener;
  }

  /** Done when the change is stored or refused; never rejects, since an agent cannot help a failing store. */
  append(change: Change): Awaitable<void> {
    if (this.#underWay === undefined) return this.#flush(change);
    if (this.#gathered === undefined) {
      this.#gathered = { ...change, epochs: new Map(change.epochs), entries: [...change.entries] };
      this.#gathered.deliveries = [...change.deliveries];
      this.#gathered.jobs = [...change.jobs];
      this.#gatheredDone = this.#underWay.then(() => this.#flushGathered());
    } else {
      merge(this.#gathered, change);
    }
    return this.#gatheredDone as Promise<void>;
  }

  /** Done when everything that was appended so far is stored or refused. */
  settled(): Awaitable<void> {
    return this.#gatheredDone ?? this.#underWay;
  }

  #flushGathered(): Awaitable<void> {
    const change = this.#gathered;
    this.#gathered = undefined;
    this.#gatheredDone = undefined;
    return change === undefined ? undefined : this.#flush(change);
  }

  #flush(change: Change): Awaitable<void> {
    let outcome: ReturnType<EventStore["append"]>;
    try {
      outcome = this.#events.append(change);
    } catch (cause) {
      this.#failed(change, cause);
      return;
    }
    if (!(outcome instanceof Promise)) {
      this.#settle(change, outcome.refused);
      return;
    }
    const done = outcome.then(
      ({ refused }) => this.#settle(change, refused),
      (cause) => this.#failed(change, cause),
    );
    const underWay = done.finally(() => {
      if (this.#underWay === underWay) this.#underWay = undefined;
    });
    this.#underWay = underWay;
    return underWay;
  }

  #settle(change: AppendBatch, refused: readonly string[]): void {
    for (const delivery of change.deliveries) {
      if (refused.length === 0 || !refused.includes(delivery.sessionId)) this.#listener.committed(delivery);
    }
    for (const sessionId of refused) this.#refused(change, sessionId, undefined);
  }

  #failed(change: AppendBatch, cause: unknown): void {
    for (const sessionId of change.epochs.keys())
      this.#refused(change, sessionId, cause ?? new Error("the store failed"));
  }

  #refused({ epochs }: AppendBatch, sessionId: string, cause: unknown): void {
    const epoch = epochs.get(sessionId);
    if (epoch !== undefined) this.#listener.refused(sessionId, epoch, cause);
  }
}

function merge(into: Change, change: Change): void {
  for (const [sessionId, epoch] of change.epochs) (into.epochs as Map<string, number>).set(sessionId, epoch);
  for (const entry of change.entries) into.entries.push(entry);
  for (const delivery of change.deliveries) into.deliveries.push(delivery);
  for (const update of change.jobs) into.jobs.push(update);
}
