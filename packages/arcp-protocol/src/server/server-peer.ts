import { encodeEnvelope } from "../envelope/encode-envelope.ts";
import { ArcpError } from "../errors.ts";
import { judgeBackpressure } from "../session/backpressure.ts";
import { CLOSE_CODES, type Transport } from "../transports/transport.ts";
import type { TokenWatch } from "./arcp-server-options.ts";
import { type OpenedSession, ServerConnection } from "./connection.ts";
import type { ClientRequest, ConnectionAction } from "./connection-action.ts";
import type { HostedSession, SessionPeer } from "./hosted-session.ts";
import type { OpenRequest } from "./open-request.ts";
import type { Runtime } from "./runtime.ts";
import { refuseSubmission } from "./session-speech.ts";

/** What a connection asks of the server behind it. */
export interface PeerHost {
  open(
    request: OpenRequest,
    isAlive: () => boolean,
  ): Promise<{
    session: HostedSession;
    opened: OpenedSession;
    lastEventSeq: number;
    /** When the token ends, milliseconds since the epoch. */
    expiresAt: number | undefined;
    /** Tells when it is revoked before that. */
    watch(): TokenWatch | undefined;
  }>;
  handle(session: HostedSession, request: ClientRequest): void | Promise<void>;
  detached(session: HostedSession): void;
  gone(peer: ServerPeer): void;
}

/** Requests of one connection that may be waiting for a store or an upstream before it is read no further. */
const MAX_REQUESTS_UNDER_WAY = 256;

/** Carries out what a ServerConnection decides: the one place where its transport and its timer are touched. */
export class ServerPeer implements SessionPeer {
  readonly #runtime: Runtime;
  readonly #transport: Transport;
  readonly #host: PeerHost;
  readonly #connection: ServerConnection;
  #session: HostedSession | undefined;
  #stopTimer: (() => void) | undefined;
  #stopExpiry: (() => void) | undefined;
  #watch: TokenWatch | undefined;
  #armedFor = 0;
  #underWay = 0;
  #reading = true;
  #closed = false;

  constructor(runtime: Runtime, transport: Transport, host: PeerHost) {
    this.#runtime = runtime;
    this.#transport = transport;
    this.#host = host;
    const { ids, limits, clock } = runtime;
    this.#connection = new ServerConnection(
      { ids, limits: limits.frame, helloTimeoutMs: limits.helloTimeoutMs },
      clock.now(),
    );
  }

  start(): void {
    this.#transport.start({
      frame: (data) => {
        if (this.#closed) return;
        this.#perform(this.#connection.receive(data, this.#runtime.clock.now()));
        this.#armTimer();
      },
      drain: () => this.#drained(),
      closed: () => this.#end(),
    });
    this.#armTimer();
  }

  get writable(): boolean {
    return !this.#closed && this.#transport.waiting <= this.#runtime.limits.backpressure.pauseEventsAbove;
  }

  send(frame: string): void {
    if (this.#closed) return;
    this.#transport.send(frame);
    this.#connection.sent(this.#runtime.clock.now());
  }

  giveUp(reason: "slow_consumer" | "superseded" | "fenced"): void {
    if (this.#closed) return;
    if (reason === "slow_consumer") {
      const error = new ArcpError(
        "INTERNAL_ERROR",
        "the events are not read fast enough; resume and read faster",
      );
      this.#perform([this.#connection.refusal(error, {})]);
      this.#close(CLOSE_CODES.slowConsumer, "slow consumer");
    } else if (reason === "superseded") {
      this.#close(CLOSE_CODES.superseded, "resumed elsewhere");
    } else {
      this.#close(CLOSE_CODES.goingAway, "the session has moved");
    }
  }

  /** The server is going away. */
  shutDown(): void {
    this.#close(CLOSE_CODES.goingAway, "server shutting down");
  }

  #perform(actions: ConnectionAction[]): void {
    for (const action of actions) {
      switch (action.do) {
        case "send":
          this.send(encodeEnvelope(action.envelope));
          break;
        case "open":
          void this.#open(action.request);
          break;
        case "handle":
          this.#handle(action.request);
          break;
        case "refuse_submit":
          if (this.#session !== undefined) {
            const request = { id: action.requestId, traceId: action.traceId };
            refuseSubmission(this.#runtime, this.#session, action.error, request);
          }
          break;
        case "leave":
          break;
        case "close":
          this.#close(action.code, action.reason);
          break;
      }
    }
    this.#judgeBackpressure();
  }

  async #open(request: OpenRequest): Promise<void> {
    const isAlive = () => this.#connection.phase === "opening";
    try {
      const { session, opened, lastEventSeq, expiresAt, watch } = await this.#host.open(request, isAlive);
      const { clock } = this.#runtime;
      if (!isAlive()) {
        if (session.peer === undefined) this.#host.detached(session);
        return;
      }
      this.#session = session;
      this.#perform(this.#connection.opened(opened, clock.now()));
      session.attach(this, lastEventSeq);
      session.catchUp();
      if (expiresAt !== undefined)
        this.#stopExpiry = clock.at(expiresAt, () => this.#tokenEnded("has expired"));
      this.#watch = watch();
      this.#watch?.signal.addEventListener("abort", () => this.#tokenEnded("was revoked"), { once: true });
      this.#perform(this.#connection.release(clock.now()));
    } catch (thrown) {
      this.#perform(this.#connection.refused(ArcpError.from(thrown), request.requestId));
    }
    this.#armTimer();
  }

  /** The session stays, and is resumed with a token that is valid. */
  #tokenEnded(how: "has expired" | "was revoked"): void {
    if (this.#closed) return;
    const error = new ArcpError("UNAUTHENTICATED", `the token ${how}; resume with a new one`);
    this.#perform([
      this.#connection.refusal(error, {}),
      { do: "close", code: CLOSE_CODES.refused, reason: error.wireCode },
    ]);
  }

  #handle(request: ClientRequest): void {
    const session = this.#session;
    if (session === undefined) return;
    const done = this.#host.handle(session, request);
    if (!(done instanceof Promise)) return;
    this.#underWay += 1;
    const over = () => {
      this.#underWay -= 1;
      this.#judgeBackpressure();
    };
    done.then(over, (thrown) => {
      over();
      const about = { requestId: request.id };
      if (!this.#closed) this.#perform([this.#connection.refusal(ArcpError.from(thrown), about)]);
    });
  }

  #drained(): void {
    if (this.#closed) return;
    this.#session?.catchUp();
    this.#judgeBackpressure();
  }

  #judgeBackpressure(): void {
    if (this.#closed) return;
    const verdict = judgeBackpressure(this.#transport.waiting, this.#runtime.limits.backpressure);
    if (verdict === "close") {
      this.#close(CLOSE_CODES.slowConsumer, "answers are not read");
      return;
    }
    const shouldRead = verdict !== "pause_reading" && this.#underWay <= MAX_REQUESTS_UNDER_WAY;
    if (shouldRead === this.#reading) return;
    this.#reading = shouldRead;
    if (shouldRead) this.#transport.resume?.();
    else this.#transport.pause?.();
  }

  /** One timer a connection. It is not moved with every frame: when it fires, what is due is judged anew. */
  #armTimer(): void {
    if (this.#closed) return;
    const due = this.#connection.nextDeadline();
    if (due === undefined) {
      // Thousands of idle sessions, each with a timer for a hello that has long come, are megabytes.
      this.#stopTimer?.();
      this.#stopTimer = undefined;
      return;
    }
    if (this.#stopTimer !== undefined) {
      if (due >= this.#armedFor) return;
      this.#stopTimer();
    }
    this.#armedFor = due;
    this.#stopTimer = this.#runtime.clock.at(due, () => {
      this.#stopTimer = undefined;
      this.#perform(this.#connection.onDeadline(this.#runtime.clock.now()));
      this.#armTimer();
    });
  }

  #close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#transport.close(code, reason);
    this.#end();
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.end();
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#stopExpiry?.();
    this.#watch?.release();
    const session = this.#session;
    if (session?.detach(this) === true) this.#host.detached(session);
    this.#host.gone(this);
  }
}
