import { decodeFrame } from "../envelope/decode-frame.ts";
import { ARCP_VERSION, type Envelope } from "../envelope/envelope.ts";
import type { FrameLimits } from "../envelope/frame-limits.ts";
import type { IdSource } from "../envelope/ids.ts";
import { formatTimestamp } from "../envelope/utc-timestamp.ts";
import { ArcpError } from "../errors.ts";
import { decodeMessage, type Message, type MessageType, type PayloadOf } from "../messages/message.ts";
import { type AckPolicy, type AckState, nextAck, shouldAck } from "../session/ack-policy.ts";
import { judgeArrival } from "../session/arrival.ts";
import { type Feature, type FeatureSet, negotiate } from "../session/features.ts";
import { type Heartbeat, judgeHeartbeat, newHeartbeat, nextHeartbeat } from "../session/heartbeat.ts";
import { CLIENT_TRANSITIONS, type ClientEvent, type ClientPhase } from "./connection-transitions.ts";

/** Messages that a client hands on to whoever asked or listens. */
export type ServerMessage = Message<
  | "job.accepted"
  | "job.event"
  | "job.result"
  | "job.error"
  | "job.cancelled"
  | "job.subscribed"
  | "session.jobs"
  | "session.error"
  | "session.closed"
>;

const handedOn: ReadonlySet<string> = new Set<MessageType>([
  "job.accepted",
  "job.event",
  "job.result",
  "job.error",
  "job.cancelled",
  "job.subscribed",
  "session.jobs",
  "session.error",
  "session.closed",
]);

export type ClientAction =
  | { do: "send"; envelope: Envelope<string, object> }
  | { do: "welcome"; resumed: boolean; welcome: PayloadOf<"session.welcome"> }
  /** The hello was refused. */
  | { do: "refused"; error: ArcpError }
  | { do: "deliver"; message: ServerMessage }
  /** Give this transport up and resume over another one. */
  | { do: "drop"; reason: "heartbeat_lost" | "sequence_gap" };

export interface ClientConnectionOptions {
  ids: IdSource;
  limits: FrameLimits;
  client: { name: string; version: string };
  features: readonly Feature[];
  ackPolicy: AckPolicy;
}

/** The draft leaves the interval out of hello; this is used when a welcome does, too. */
const DEFAULT_HEARTBEAT_MS = 30_000;

/**
 * The client's side of one session, without IO. The host brings transports; call `nextDeadline` after every call
 * and `onDeadline` when it has come.
 */
export class ClientConnection {
  readonly #options: ClientConnectionOptions;
  #phase: ClientPhase = "offline";
  #sessionId: string | undefined;
  #resumeToken: string | undefined;
  #resuming = false;
  #lastSeq = 0;
  #features: FeatureSet = new Set();
  #heartbeat: Heartbeat | undefined;
  #ack: AckState = { processed: 0, acked: 0, lastAckAt: 0 };

  constructor(options: ClientConnectionOptions) {
    this.#options = options;
  }

  get phase(): ClientPhase {
    return this.#phase;
  }

  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  get features(): FeatureSet {
    return this.#features;
  }

  /** The highest number that has arrived in this session. */
  get lastEventSeq(): number {
    return this.#lastSeq;
  }

  /** A transport is up: says hello, and asks for the session back if there is one. */
  connected(token: string): ClientAction[] {
    if (!this.#move("connected")) return [];
    this.#resuming = this.#sessionId !== undefined && this.#resumeToken !== undefined;
    const resume = this.#resuming
      ? { session_id: this.#sessionId, resume_token: this.#resumeToken, last_event_seq: this.#lastSeq }
      : undefined;
    const payload = {
      client: this.#options.client,
      auth: { scheme: "bearer", token },
      capabilities: { encodings: ["json"], features: [...this.#options.features] },
      ...(resume === undefined ? {} : { resume }),
    };
    return [{ do: "send", envelope: this.envelope("session.hello", payload) }];
  }

  receive(frame: string | Uint8Array, now: number): ClientAction[] {
    if (this.#phase !== "greeting" && this.#phase !== "open") return [];
    if (this.#heartbeat !== undefined) this.#heartbeat.lastReceivedAt = now;
    // What cannot be read is not answered: a client does not police its runtime. A lost number shows as a gap.
    const decoded = decodeFrame(frame, this.#options.limits);
    if (!decoded.ok) return [];
    const message = decodeMessage(decoded.envelope);
    if (!message.ok) return this.#skip(decoded.envelope);
    return this.#phase === "greeting"
      ? this.#greet(message.message, now)
      : this.#dispatch(message.message, now);
  }

  /** The transport is gone. */
  lost(): void {
    this.#heartbeat = undefined;
    this.#move("lost");
  }

  /** The session cannot be resumed: the next hello asks for a new one. */
  forget(): void {
    this.#sessionId = undefined;
    this.#resumeToken = undefined;
    this.#lastSeq = 0;
    this.#ack = { processed: 0, acked: 0, lastAckAt: 0 };
  }

  end(): void {
    this.#heartbeat = undefined;
    this.#move("end");
  }

  /** An envelope of this session, ready to be sent. */
  envelope(
    type: MessageType,
    payload: object,
    about: { id?: string; traceId?: string; jobId?: string } = {},
  ): Envelope<string, object> {
    return {
      arcp: ARCP_VERSION,
      id: about.id ?? this.#options.ids.mint("msg"),
      type,
      ...(this.#sessionId === undefined || type === "session.hello" ? {} : { session_id: this.#sessionId }),
      ...(about.traceId === undefined ? {} : { trace_id: about.traceId }),
      ...(about.jobId === undefined ? {} : { job_id: about.jobId }),
      payload,
    };
  }

  /** Something was sent. */
  sent(now: number): void {
    if (this.#heartbeat !== undefined) this.#heartbeat.lastSentAt = now;
  }

  nextDeadline(): number | undefined {
    if (this.#phase !== "open") return undefined;
    const beat = this.#heartbeat === undefined ? undefined : nextHeartbeat(this.#heartbeat);
    const ack = this.#features.has("ack") ? nextAck(this.#ack, this.#options.ackPolicy) : undefined;
    if (beat === undefined || ack === undefined) return beat ?? ack;
    return Math.min(beat, ack);
  }

  onDeadline(now: number): ClientAction[] {
    if (this.#phase !== "open") return [];
    const actions = this.#acknowledge(now);
    const verdict = this.#heartbeat === undefined ? "wait" : judgeHeartbeat(this.#heartbeat, now);
    if (verdict === "lost") return [...actions, { do: "drop", reason: "heartbeat_lost" }];
    if (verdict === "ping" && this.#heartbeat !== undefined) {
      this.#heartbeat.lastPingAt = now;
      const payload = { nonce: this.#options.ids.mint("ping"), sent_at: formatTimestamp(now) };
      actions.push({ do: "send", envelope: this.envelope("session.ping", payload) });
    }
    return actions;
  }

  #greet(message: Message, now: number): ClientAction[] {
    if (message.type === "session.error")
      return [{ do: "refused", error: ArcpError.fromPayload(message.payload) }];
    if (message.type !== "session.welcome") return [];
    const { payload } = message;
    const resumed = this.#resuming && (message.session_id ?? this.#sessionId) === this.#sessionId;
    if (!resumed) {
      this.forget();
      this.#sessionId = message.session_id;
    }
    this.#resumeToken = payload.resume_token;
    this.#features = new Set(negotiate(this.#options.features, payload.capabilities.features));
    if (this.#features.has("heartbeat")) {
      const interval = payload.heartbeat_interval_sec;
      this.#heartbeat = newHeartbeat(interval === undefined ? DEFAULT_HEARTBEAT_MS : interval * 1000, now);
    }
    this.#move("welcomed");
    return [{ do: "welcome", resumed, welcome: payload }];
  }

  #dispatch(message: Message, now: number): ClientAction[] {
    if (message.event_seq !== undefined) {
      const arrival = judgeArrival(this.#lastSeq, message.event_seq);
      if (arrival === "repeated") return [];
      if (arrival === "gap") return [{ do: "drop", reason: "sequence_gap" }];
      this.#lastSeq = message.event_seq;
      this.#ack.processed = message.event_seq;
      if (this.#ack.acked === message.event_seq - 1) this.#ack.lastAckAt = Math.max(this.#ack.lastAckAt, now);
      const actions: ClientAction[] = [{ do: "deliver", message: message as ServerMessage }];
      return shouldAck(this.#ack, now, this.#options.ackPolicy)
        ? actions.concat(this.#acknowledge(now))
        : actions;
    }
    if (message.type === "session.ping") {
      const payload = { ping_nonce: message.payload.nonce, received_at: formatTimestamp(now) };
      return [{ do: "send", envelope: this.envelope("session.pong", payload) }];
    }
    return handedOn.has(message.type) ? [{ do: "deliver", message: message as ServerMessage }] : [];
  }

  /** A message that makes no sense still has its number, or everything after it would look like a gap. */
  #skip(envelope: Envelope): ClientAction[] {
    if (this.#phase !== "open" || envelope.event_seq === undefined) return [];
    const arrival = judgeArrival(this.#lastSeq, envelope.event_seq);
    if (arrival === "gap") return [{ do: "drop", reason: "sequence_gap" }];
    if (arrival === "next") this.#lastSeq = this.#ack.processed = envelope.event_seq;
    return [];
  }

  #acknowledge(now: number): ClientAction[] {
    if (!this.#features.has("ack") || !shouldAck(this.#ack, now, this.#options.ackPolicy)) return [];
    this.#ack.acked = this.#ack.processed;
    this.#ack.lastAckAt = now;
    return [
      { do: "send", envelope: this.envelope("session.ack", { last_processed_seq: this.#ack.processed }) },
    ];
  }

  #move(event: ClientEvent): boolean {
    const next = CLIENT_TRANSITIONS[this.#phase][event];
    if (next === undefined) return false;
    this.#phase = next;
    return true;
  }
}
