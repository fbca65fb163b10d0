import type { Clock } from "../clock.ts";
import type { IdSource } from "../envelope/ids.ts";
import type { ArcpError, ArcpPeerError } from "../errors.ts";
import type { Lease, LeaseConstraints } from "../messages/lease.ts";
import type { JobStatus } from "../messages/session-messages.ts";
import type { AckPolicy } from "../session/ack-policy.ts";
import type { Feature } from "../session/features.ts";
import type { Transport } from "../transports/transport.ts";
import type { WebSocketConstructor } from "../transports/websocket-client.ts";
import type { BackoffPolicy } from "./backoff.ts";
import type { ClientState } from "./session-link.ts";

export interface ConnectOptions {
  /** `ws://…` or `wss://…`; or give `open`. */
  url?: string;
  /** Opens a transport of another kind (stdio, memory). Called again for every reconnect. */
  open?(signal: AbortSignal): Promise<Transport>;
  /** A bearer token, or where to get a fresh one for each connection. */
  token: string | (() => string | Promise<string>);
  client?: { name: string; version: string };
  features?: readonly Feature[];
  /** Ends the client. */
  signal?: AbortSignal;
  backoff?: Partial<BackoffPolicy>;
  ack?: Partial<AckPolicy>;
  /** Events that a job may have waiting for a reader. */
  maxBufferedEvents?: number;
  /** Bytes of a streamed result that is put together. */
  maxResultBytes?: number;
  maxFrameLength?: number;
  /** Answers to `listJobs`, `subscribe`, `cancel` and `close` are waited for this long. */
  answerTimeoutMs?: number;
  onStateChange?(state: ClientState): void;
  /** A `session.error` that belongs to no request, or any other thing worth a line in a log. */
  onError?(error: ArcpError | ArcpPeerError): void;
  WebSocket?: WebSocketConstructor;
  clock?: Clock;
  ids?: IdSource;
  /** In [0, 1); spreads reconnects. */
  random?(): number;
}

export interface SubmitRequest {
  /** `name` or `name@version`. */
  agent: string;
  input?: unknown;
  lease?: Lease;
  leaseConstraints?: LeaseConstraints;
  /**
   * Made up when absent, so that a submission whose answer was lost can be repeated safely. `null` sends none; then
   * a connection that breaks before the answer rejects the submission.
   */
  idempotencyKey?: string | null;
  maxRuntimeSec?: number;
  /** 32 hex digits, or a whole `traceparent`. A fresh one when absent. */
  traceId?: string;
  /** Cancels the job (after its acceptance) or withdraws the wait (before). */
  signal?: AbortSignal;
  /** `assemble` (the default) puts a streamed result together; `events` hands its chunks out as events instead. */
  chunks?: "assemble" | "events";
}

export interface SubscribeOptions {
  /** Whether the stored past comes first. */
  history?: boolean;
  /** With `history`: only what comes after this number of the submitter's stream. */
  fromEventSeq?: number;
  signal?: AbortSignal;
  chunks?: "assemble" | "events";
}

/** Both bounds are exclusive. */
export interface JobFilter {
  status?: JobStatus[];
  /** `name` for every version, `name@version` for one. */
  agent?: string;
  createdAfter?: Date | string;
  createdBefore?: Date | string;
}
