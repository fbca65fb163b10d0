import { encodeNumbered } from "../envelope/encode-envelope.ts";
import type { Awaitable } from "../persistence/awaitable.ts";
import type { Delivery, EventStore, JobLogEntry } from "../persistence/event-store.ts";
import type { SessionStore } from "../persistence/session-store.ts";
import type { Feature } from "../session/features.ts";
import { acknowledge, allot, type Sequence, sequenceFrom } from "../session/sequence.ts";
import type { JobSubscription } from "./job-subscription.ts";

/** The connection that a session sends through. */
export interface SessionPeer {
  readonly writable: boolean;
  send(frame: string): void;
  /** Gives the connection up: its session cannot be told everything any more. */
  giveUp(reason: "slow_consumer" | "superseded" | "fenced"): void;
}

/** Events read from the store at once when a connection catches up. */
const CATCH_UP_PAGE = 256;
/** Unsent events above which the session's own agents are slowed down. */
const THROTTLE_ABOVE = 2048;

export interface HostedSessionOptions {
  sessionId: string;
  principal: string;
  epoch: number;
  features: readonly Feature[];
  tokenHash: string;
  lastEventSeq: number;
  acked: number;
  expiresAt: number | undefined;
  events: EventStore;
  sessions: SessionStore;
}

/**
 * A session in the process that holds it. It outlives connections; at most one is attached.
 *
 * The connection is a cursor over the stored stream: live events are sent at once when the cursor is at the end and
 * the transport takes them, and are read back from the store when it has fallen behind. Replay after a resume and
 * recovery from a slow reader are therefore the same code, and nothing is queued per connection.
 */
export class HostedSession {
  readonly sessionId: string;
  readonly principal: string;
  readonly epoch: number;
  readonly sequence: Sequence;
  features: ReadonlySet<Feature>;
  tokenHash: string;
  /** Milliseconds; undefined while attached. */
  expiresAt: number | undefined;
  /** Jobs that are running for it. */
  liveJobs = 0;
  stopExpiry: (() => void) | undefined;
  // Both are made when they are asked for: most sessions of a busy server are idle, and have neither.
  #epochs: ReadonlyMap<string, number> | undefined;
  #subscriptions: Map<string, JobSubscription> | undefined;
  readonly #events: EventStore;
  readonly #sessions: SessionStore;
  #saving: Promise<unknown> | undefined;
  #peer: SessionPeer | undefined;
  #catchingUp = false;
  #readingLater = false;
  #caughtUp: (() => void)[] = [];

  constructor(options: HostedSessionOptions) {
    this.sessionId = options.sessionId;
    this.principal = options.principal;
    this.epoch = options.epoch;
    this.features = new Set(options.features);
    this.tokenHash = options.tokenHash;
    this.sequence = sequenceFrom(options.lastEventSeq);
    this.sequence.acked = options.acked;
    this.expiresAt = options.expiresAt;
    this.#events = options.events;
    this.#sessions = options.sessions;
  }

  /** What every append on its behalf has to name. */
  get epochs(): ReadonlyMap<string, number> {
    this.#epochs ??= new Map([[this.sessionId, this.epoch]]);
    return this.#epochs;
  }

  /** Jobs that this session watches without owning them. */
  get subscriptions(): Map<string, JobSubscription> {
    this.#subscriptions ??= new Map();
    return this.#subscriptions;
  }

  get isSubscribed(): boolean {
    return this.#subscriptions !== undefined && this.#subscriptions.size > 0;
  }

  /** Changes what is stored of the session, in the order of the calls. False when another process holds it. */
  save(change: Parameters<SessionStore["update"]>[2]): Awaitable<boolean> {
    const write = () => this.#sessions.update(this.sessionId, this.epoch, change);
    const saved = this.#saving === undefined ? write() : this.#saving.then(write, write);
    if (!(saved instanceof Promise)) return saved;
    this.#saving = saved;
    const over = () => {
      if (this.#saving === saved) this.#saving = undefined;
    };
    saved.then(over, over);
    return saved;
  }

  get peer(): SessionPeer | undefined {
    return this.#peer;
  }

  /** Whether an entry belongs into this session's stream at all. */
  wants(entry: { kind: string }): boolean {
    if (entry.kind === "progress") return this.features.has("progress");
    return entry.kind !== "result_chunk" || this.features.has("result_chunk");
  }

  /** Gives an entry its number. It must be appended to the store next. */
  number(entry: JobLogEntry): Delivery {
    return { sessionId: this.sessionId, eventSeq: allot(this.sequence), entry };
  }

  /** The store has it. */
  committed(delivery: Delivery): void {
    this.sequence.durable = delivery.eventSeq;
    const peer = this.#peer;
    if (peer === undefined || delivery.eventSeq !== this.sequence.sent + 1) return;
    if (peer.writable) this.#send(peer, delivery);
  }

  /** A connection takes over, having seen everything up to `lastEventSeq`. Call `catchUp` after the welcome. */
  attach(peer: SessionPeer, lastEventSeq: number): void {
    const before = this.#peer;
    this.#peer = peer;
    this.sequence.sent = lastEventSeq;
    this.expiresAt = undefined;
    before?.giveUp("superseded");
  }

  /** True when this connection was the attached one. */
  detach(peer: SessionPeer): boolean {
    if (this.#peer !== peer) return false;
    this.#peer = undefined;
    this.#releaseThrottled();
    return true;
  }

  acknowledge(lastProcessedSeq: number): boolean {
    if (!acknowledge(this.sequence, lastProcessedSeq)) return false;
    void this.#events.acknowledge(this.sessionId, this.sequence.acked);
    return true;
  }

  /** Sends what is stored and not sent yet, as far as the transport takes it. */
  catchUp(): void {
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    try {
      while (this.#peer?.writable === true && this.sequence.sent < this.sequence.durable) {
        const page = this.#events.readStream(this.sessionId, this.sequence.sent, CATCH_UP_PAGE);
        if (page instanceof Promise) {
          void this.#catchUpLater(page, this.#peer);
          return;
        }
        if (!this.#sendPage(page)) break;
      }
    } finally {
      if (!this.#readingLater) this.#catchingUp = false;
    }
    if (this.sequence.durable - this.sequence.sent <= THROTTLE_ABOVE / 2) this.#releaseThrottled();
  }

  async #catchUpLater(page: Promise<readonly Delivery[]>, peer: SessionPeer): Promise<void> {
    this.#readingLater = true;
    let more = false;
    try {
      const deliveries = await page;
      more = this.#peer === peer ? this.#sendPage(deliveries) : this.#peer !== undefined;
    } catch {
      peer.giveUp("fenced");
    } finally {
      this.#readingLater = false;
      this.#catchingUp = false;
    }
    if (more) this.catchUp();
  }

  /** Undefined when the session keeps up; otherwise a promise for when it does, or has lost its connection. */
  throttle(): Promise<void> | undefined {
    if (this.#peer === undefined || this.sequence.durable - this.sequence.sent <= THROTTLE_ABOVE)
      return undefined;
    return new Promise((resolve) => this.#caughtUp.push(resolve));
  }

  #sendPage(page: readonly Delivery[]): boolean {
    const peer = this.#peer;
    if (peer === undefined || page.length === 0) return false;
    for (const delivery of page) {
      if (delivery.eventSeq <= this.sequence.sent) continue;
      if (delivery.eventSeq !== this.sequence.sent + 1) {
        // What comes next has been let go: a stream without gaps cannot be continued.
        peer.giveUp("slow_consumer");
        return false;
      }
      if (!peer.writable) return false;
      this.#send(peer, delivery);
    }
    return true;
  }

  #send(peer: SessionPeer, { eventSeq, entry }: Delivery): void {
    this.sequence.sent = eventSeq;
    const payload =
      entry.sessionId === this.sessionId ? (entry.secretPayload ?? entry.payload) : entry.payload;
    const { type, traceId, jobId } = entry;
    peer.send(encodeNumbered({ type, sessionId: this.sessionId, traceId, jobId, eventSeq }, payload));
  }

  #releaseThrottled(): void {
    const waiting = this.#caughtUp;
    if (waiting.length === 0) return;
    this.#caughtUp = [];
    for (const resolve of waiting) resolve();
  }
}
