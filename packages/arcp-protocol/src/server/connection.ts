import { decodeFrame } from "../envelope/decode-frame.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { FrameLimits } from "../envelope/frame-limits.ts";
import type { IdSource } from "../envelope/ids.ts";
import { formatTimestamp } from "../envelope/utc-timestamp.ts";
import { ArcpError } from "../errors.ts";
import { decodeMessage, type Message, type PayloadOf } from "../messages/message.ts";
import { featureRefusal, unnegotiatedFeature } from "../session/feature-gate.ts";
import type { FeatureSet } from "../session/features.ts";
import { type Heartbeat, judgeHeartbeat, newHeartbeat, nextHeartbeat } from "../session/heartbeat.ts";
import { CLOSE_CODES } from "../transports/transport.ts";
import { CLIENT_REQUESTS, type ClientRequest, type ConnectionAction } from "./connection-action.ts";
import { ConnectionSpeech } from "./connection-speech.ts";
import {
  CONNECTION_TRANSITIONS,
  type ConnectionEvent,
  type ConnectionPhase,
} from "./connection-transitions.ts";
import { readOpenRequest } from "./open-request.ts";

export interface OpenedSession {
  sessionId: string;
  features: FeatureSet;
  heartbeatIntervalMs: number;
  welcome: PayloadOf<"session.welcome">;
}

export interface ConnectionOptions {
  ids: IdSource;
  limits: FrameLimits;
  /** Within this time a hello has to arrive. */
  helloTimeoutMs: number;
}

/** Frames that may wait while a hello is being answered. */
const MAX_WAITING_FRAMES = 64;
/** Before the welcome. */
const NO_FEATURES: FeatureSet = new Set();
/** Malformed or premature frames before a hello, after which nobody is expected to say hello any more. */
const MAX_BAD_FRAMES_BEFORE_HELLO = 16;

/**
 * The runtime's side of one connection, without IO: frames, answers of the host and time go in; actions and the
 * next deadline come out. Call `nextDeadline` after every call and `onDeadline` when it has come.
 */
export class ServerConnection {
  readonly #options: ConnectionOptions;
  #phase: ConnectionPhase = "awaiting_hello";
  #helloDueAt: number;
  readonly #speech: ConnectionSpeech;
  #features: FeatureSet = NO_FEATURES;
  #heartbeat: Heartbeat | undefined;
  #waiting: (string | Uint8Array)[] = [];
  #badFrames = 0;

  constructor(options: ConnectionOptions, now: number) {
    this.#options = options;
    this.#helloDueAt = now + options.helloTimeoutMs;
    this.#speech = new ConnectionSpeech(options.ids);
  }

  get phase(): ConnectionPhase {
    return this.#phase;
  }

  get features(): FeatureSet {
    return this.#features;
  }

  /** One frame from the peer. */
  receive(frame: string | Uint8Array, now: number): ConnectionAction[] {
    if (this.#phase === "closed") return [];
    if (this.#heartbeat !== undefined) this.#heartbeat.lastReceivedAt = now;
    if (this.#phase === "opening") return this.#wait(frame);
    const decoded = decodeFrame(frame, this.#options.limits);
    const actions = decoded.ok ? this.#dispatch(decoded.envelope, now) : [this.#speech.refuseFrame(decoded)];
    return this.#phase === "awaiting_hello" ? this.#countBad(actions) : actions;
  }

  /** The host has opened or resumed the session. */
  opened(session: OpenedSession, now: number): ConnectionAction[] {
    if (!this.#move("opened")) return [];
    this.#speech.sessionId = session.sessionId;
    this.#features = session.features;
    if (this.#features.has("heartbeat")) this.#heartbeat = newHeartbeat(session.heartbeatIntervalMs, now);
    return [this.#speech.say("session.welcome", session.welcome)];
  }

  /** The frames that came while the session was being opened. Call after the welcome and the replay began. */
  release(now: number): ConnectionAction[] {
    const frames = this.#waiting;
    this.#waiting = [];
    return frames.flatMap((frame) => this.receive(frame, now));
  }

  /** The host refuses the hello. */
  refused(error: ArcpError, requestId: string): ConnectionAction[] {
    if (!this.#move("refused")) return [];
    return [
      this.refusal(error, { requestId }),
      { do: "close", code: CLOSE_CODES.refused, reason: error.wireCode },
    ];
  }

  /** A refusal of one request, as an action. */
  refusal(error: ArcpError, of: Parameters<ConnectionSpeech["refusal"]>[1]): ConnectionAction {
    return this.#speech.refusal(error, of);
  }

  /** The transport or the host ended it. */
  end(): void {
    this.#move("end");
    this.#waiting = [];
  }

  /** Something was sent: the peer does not need a ping for a while. */
  sent(now: number): void {
    if (this.#heartbeat !== undefined) this.#heartbeat.lastSentAt = now;
  }

  /** Milliseconds since the epoch, or undefined when only frames can change anything. */
  nextDeadline(): number | undefined {
    if (this.#phase === "awaiting_hello") return this.#helloDueAt;
    // Whoever checks the token may take as long again, then the client is told to try later.
    if (this.#phase === "opening") return this.#helloDueAt + this.#options.helloTimeoutMs;
    return this.#phase === "open" && this.#heartbeat !== undefined
      ? nextHeartbeat(this.#heartbeat)
      : undefined;
  }

  onDeadline(now: number): ConnectionAction[] {
    if (now < (this.nextDeadline() ?? Number.POSITIVE_INFINITY)) return [];
    if (this.#phase === "awaiting_hello") {
      return this.#giveUp(new ArcpError("UNAUTHENTICATED", "no session.hello arrived in time"));
    }
    if (this.#phase === "opening") {
      return this.#giveUp(
        new ArcpError("INTERNAL_ERROR", "the session could not be opened in time; try again"),
      );
    }
    const verdict = this.#heartbeat === undefined ? "wait" : judgeHeartbeat(this.#heartbeat, now);
    if (verdict === "ping") return [this.#ping(now)];
    if (verdict === "wait") return [];
    this.#move("end");
    const error = new ArcpError(
      "HEARTBEAT_LOST",
      "nothing was heard for two heartbeat intervals; resume the session",
    );
    return [
      this.refusal(error, {}),
      { do: "close", code: CLOSE_CODES.heartbeatLost, reason: "heartbeat lost" },
    ];
  }

  #giveUp(error: ArcpError): ConnectionAction[] {
    this.#move("end");
    return [this.refusal(error, {}), { do: "close", code: CLOSE_CODES.refused, reason: error.wireCode }];
  }

  #dispatch(envelope: Envelope, now: number): ConnectionAction[] {
    if (envelope.type.startsWith("x-")) return [];
    const decoded = decodeMessage(envelope);
    if (this.#phase === "awaiting_hello")
      return this.#dispatchFirst(envelope, decoded.ok ? decoded.message : decoded.error);
    if (!decoded.ok) return [this.#speech.refuseRequest(decoded.error, envelope)];
    if (envelope.session_id !== undefined && envelope.session_id !== this.#speech.sessionId) {
      const error = new ArcpError("INVALID_REQUEST", "session_id is not the session of this connection");
      return [this.#speech.refuseRequest(error, envelope)];
    }
    return this.#dispatchOpen(decoded.message, now);
  }

  #dispatchFirst(envelope: Envelope, decoded: Message | ArcpError): ConnectionAction[] {
    if (envelope.type !== "session.hello" && envelope.type !== "session.resume") {
      const error = new ArcpError(
        "UNAUTHENTICATED",
        `${envelope.type.slice(0, 64)} came before session.hello`,
      );
      return [this.#speech.refuse(error, envelope)];
    }
    if (decoded instanceof ArcpError) return [this.#speech.refuse(decoded, envelope)];
    const request = readOpenRequest(decoded as Message<"session.hello" | "session.resume">);
    if (request instanceof ArcpError) {
      if (request.wireCode !== "UNAUTHENTICATED") return [this.#speech.refuse(request, envelope)];
      this.#move("end");
      return [
        this.#speech.refuse(request, envelope),
        { do: "close", code: CLOSE_CODES.refused, reason: request.wireCode },
      ];
    }
    this.#move("hello");
    return [{ do: "open", request }];
  }

  #dispatchOpen(message: Message, now: number): ConnectionAction[] {
    const feature = unnegotiatedFeature(message, this.#features);
    if (feature !== undefined)
      return [this.#speech.refuseRequest(featureRefusal(message.type, feature), message)];
    switch (message.type) {
      case "session.ping": {
        const received_at = formatTimestamp(now);
        return [this.#speech.say("session.pong", { ping_nonce: message.payload.nonce, received_at })];
      }
      case "session.pong":
        return [];
      case "session.close":
        this.#move("end");
        return [
          { do: "leave" },
          this.#speech.say("session.closed", {}),
          { do: "close", code: CLOSE_CODES.normal, reason: "closed" },
        ];
      case "session.bye":
        this.#move("end");
        return [{ do: "leave" }, { do: "close", code: CLOSE_CODES.normal, reason: "closed" }];
      default:
        if (CLIENT_REQUESTS.has(message.type)) return [{ do: "handle", request: message as ClientRequest }];
        return [
          this.#speech.refuse(
            new ArcpError("INVALID_REQUEST", `a client may not send ${message.type} now`),
            message,
          ),
        ];
    }
  }

  #wait(frame: string | Uint8Array): ConnectionAction[] {
    if (this.#waiting.length < MAX_WAITING_FRAMES) {
      this.#waiting.push(frame);
      return [];
    }
    this.#move("end");
    const error = new ArcpError("INVALID_REQUEST", "too many frames before session.welcome; wait for it");
    return [this.refusal(error, {}), { do: "close", code: CLOSE_CODES.refused, reason: error.wireCode }];
  }

  #countBad(actions: ConnectionAction[]): ConnectionAction[] {
    this.#badFrames += 1;
    if (this.#badFrames < MAX_BAD_FRAMES_BEFORE_HELLO) return actions;
    this.#move("end");
    return [...actions, { do: "close", code: CLOSE_CODES.refused, reason: "no hello" }];
  }

  #ping(now: number): ConnectionAction {
    if (this.#heartbeat !== undefined) this.#heartbeat.lastPingAt = now;
    return this.#speech.say("session.ping", {
      nonce: this.#options.ids.mint("ping"),
      sent_at: formatTimestamp(now),
    });
  }

  #move(event: ConnectionEvent): boolean {
    const next = CONNECTION_TRANSITIONS[this.#phase][event];
    if (next === undefined) return false;
    this.#phase = next;
    return true;
  }
}
