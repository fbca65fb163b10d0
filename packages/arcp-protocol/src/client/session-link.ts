import type { Clock } from "../clock.ts";
import { encodeEnvelope } from "../envelope/encode-envelope.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { ArcpError, ArcpPeerError, ArcpUsageError } from "../errors.ts";
import type { PayloadOf } from "../messages/message.ts";
import type { Transport } from "../transports/transport.ts";
import { type BackoffPolicy, backoffDelay } from "./backoff.ts";
import type { ClientAction, ClientConnection, ServerMessage } from "./connection.ts";

export type ClientState = "connecting" | "open" | "reconnecting" | "closed";

export interface SessionLinkOptions {
  connection: ClientConnection;
  /** Opens a transport; called again for every reconnect. */
  open(signal: AbortSignal): Promise<Transport>;
  token(): string | Promise<string>;
  clock: Clock;
  backoff: BackoffPolicy;
  random(): number;
  onMessage(message: ServerMessage): void;
  /** `resumed` is false when the runtime made a new session. */
  onWelcome(welcome: PayloadOf<"session.welcome">, resumed: boolean): void;
  /** The connection broke; another one is being made. */
  onLost(): void;
  /** It is over for good. */
  onClosed(failure: unknown): void;
  onTrouble(error: ArcpError | ArcpPeerError): void;
  onState(state: ClientState): void;
}

/**
 * Keeps a session alive over transports that come and go: dials, greets, resumes, backs off, gives up. The one place
 * where the client's transport and its timer are touched.
 */
export class SessionLink {
  readonly #options: SessionLinkOptions;
  readonly #connection: ClientConnection;
  readonly #stopped = new AbortController();
  #transport: Transport | undefined;
  #stopTimer: (() => void) | undefined;
  #armedFor = 0;
  #state: ClientState = "connecting";
  #welcomed = false;
  #attempt = 0;
  #offlineSince: number;

  constructor(options: SessionLinkOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.#offlineSince = options.clock.now();
  }

  get state(): ClientState {
    return this.#state;
  }

  start(): void {
    void this.#dial();
  }

  send(envelope: Envelope<string, object>): void {
    this.#transport?.send(encodeEnvelope(envelope));
    this.#connection.sent(this.#options.clock.now());
  }

  /** Ends it; `failure` is what everybody who waits is told. */
  stop(failure: unknown): void {
    if (this.#state === "closed") return;
    this.#changeState("closed");
    this.#connection.end();
    this.#disarmTimer();
    this.#stopped.abort();
    const transport = this.#transport;
    this.#transport = undefined;
    transport?.close();
    this.#options.onClosed(failure);
  }

  async #dial(): Promise<void> {
    const { signal } = this.#stopped;
    try {
      const token = await this.#options.token();
      const transport = await this.#options.open(signal);
      if (signal.aborted) transport.close();
      else this.#use(transport, token);
    } catch (cause) {
      if (!signal.aborted) this.#retry(cause, false);
    }
  }

  #use(transport: Transport, token: string): void {
    this.#transport = transport;
    transport.start({
      frame: (data) => {
        if (this.#transport !== transport) return;
        this.#perform(this.#connection.receive(data, this.#options.clock.now()));
        this.#armTimer();
      },
      drain: () => undefined,
      closed: () => this.#lost(transport, new ArcpPeerError("connection_lost", "the connection was lost")),
    });
    this.#perform(this.#connection.connected(token));
  }

  #perform(actions: ClientAction[]): void {
    for (const action of actions) {
      switch (action.do) {
        case "send":
          this.send(action.envelope);
          break;
        case "deliver":
          this.#options.onMessage(action.message);
          break;
        case "welcome":
          this.#attempt = 0;
          this.#welcomed = true;
          this.#changeState("open");
          this.#options.onWelcome(action.welcome, action.resumed);
          break;
        case "refused":
          this.#refused(action.error);
          break;
        case "drop":
          this.#drop(action.reason);
          break;
      }
    }
  }

  #refused(error: ArcpError): void {
    if (error.wireCode === "RESUME_WINDOW_EXPIRED" && this.#connection.sessionId !== undefined) {
      // Jobs outlive sessions: begin a new one at once and look for them there.
      this.#options.onTrouble(error);
      this.#letGo();
      this.#connection.forget();
      void this.#dial();
      return;
    }
    this.#letGo();
    this.#retry(error, false);
  }

  #drop(reason: "heartbeat_lost" | "sequence_gap"): void {
    const failure =
      reason === "heartbeat_lost"
        ? new ArcpPeerError("connection_lost", "nothing was heard for two heartbeat intervals")
        : new ArcpPeerError("sequence_gap", "an event is missing; the session is resumed to fetch it");
    this.#options.onTrouble(failure);
    if (this.#transport !== undefined) this.#lost(this.#transport, failure);
  }

  #lost(transport: Transport, failure: ArcpPeerError): void {
    if (this.#transport !== transport || this.#state === "closed") return;
    const wasOpen = this.#connection.phase === "open";
    if (wasOpen) this.#offlineSince = this.#options.clock.now();
    this.#letGo();
    this.#options.onLost();
    this.#retry(failure, wasOpen);
  }

  #letGo(): void {
    const transport = this.#transport;
    this.#transport = undefined;
    this.#disarmTimer();
    this.#connection.lost();
    transport?.close();
  }

  #retry(failure: unknown, atOnce: boolean): void {
    if (this.#state === "closed") return;
    const { clock, backoff, random } = this.#options;
    const now = clock.now();
    if (now - this.#offlineSince >= backoff.giveUpAfterMs || !isTransient(failure)) {
      this.stop(failure);
      return;
    }
    if (this.#welcomed) this.#changeState("reconnecting");
    const delay = atOnce ? 0 : backoffDelay(this.#attempt, backoff, random());
    this.#attempt += 1;
    const cancel = () => stopTimer();
    const stopTimer = clock.at(now + delay, () => {
      this.#stopped.signal.removeEventListener("abort", cancel);
      void this.#dial();
    });
    this.#stopped.signal.addEventListener("abort", cancel, { once: true });
  }

  #armTimer(): void {
    const due = this.#connection.nextDeadline();
    if (due === undefined || this.#state === "closed") return;
    if (this.#stopTimer !== undefined) {
      if (due >= this.#armedFor) return;
      this.#stopTimer();
    }
    this.#armedFor = due;
    this.#stopTimer = this.#options.clock.at(due, () => {
      this.#stopTimer = undefined;
      this.#perform(this.#connection.onDeadline(this.#options.clock.now()));
      this.#armTimer();
    });
  }

  #disarmTimer(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #changeState(state: ClientState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}

/** Whether another attempt can end differently. */
function isTransient(failure: unknown): boolean {
  if (failure instanceof ArcpUsageError) return false;
  return !(failure instanceof ArcpError) || failure.retryable || failure.wireCode === "HEARTBEAT_LOST";
}
