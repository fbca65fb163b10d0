import { type Clock, systemClock } from "../clock.ts";
import { type IdSource, randomIds } from "../envelope/ids.ts";
import { ArcpPeerError, ArcpUsageError } from "../errors.ts";
import type { AgentInfo } from "../jobs/agent-ref.ts";
import { defaultResultLimits } from "../jobs/result-stream.ts";
import type { Message, PayloadOf } from "../messages/message.ts";
import { defaultAckPolicy } from "../session/ack-policy.ts";
import { FEATURES, type Feature } from "../session/features.ts";
import { openWebSocket } from "../transports/websocket-client.ts";
import { defaultBackoff } from "./backoff.ts";
import type { ConnectOptions, JobFilter, SubmitRequest, SubscribeOptions } from "./connect-options.ts";
import { ClientConnection } from "./connection.ts";
import { IncomingMessages } from "./incoming-messages.ts";
import type { JobHandle } from "./job-handle.ts";
import { type JobPage, listPayload, submitPayload, subscribePayload } from "./request-payloads.ts";
import { Requests } from "./requests.ts";
import { type ClientState, SessionLink } from "./session-link.ts";
import { TrackedJobs } from "./tracked-jobs.ts";

const DEFAULT_MAX_BUFFERED_EVENTS = 65_536;
const DEFAULT_MAX_FRAME_LENGTH = 32 * 1024 * 1024;
/** An answer wraps what an agent produced, which may nest as deep as a frame to the runtime, and deeper. */
const MAX_ANSWER_DEPTH = 1000;
const DEFAULT_ANSWER_TIMEOUT_MS = 30_000;

export type ListedJob = PayloadOf<"session.jobs">["jobs"][number];

/** Opens a session. Resolves when the runtime has said welcome. */
export function connect(options: ConnectOptions): Promise<ArcpClient> {
  return ArcpClient.connect(options);
}

/** A session with a runtime. It reconnects and resumes by itself; what is asked meanwhile waits. */
export class ArcpClient {
  readonly #options: ConnectOptions;
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #connection: ClientConnection;
  readonly #link: SessionLink;
  readonly #requests: Requests;
  readonly #incoming: IncomingMessages;
  readonly #jobs: TrackedJobs;
  #welcome: PayloadOf<"session.welcome"> | undefined;
  #opened!: () => void;
  #failed!: (failure: unknown) => void;

  static async connect(options: ConnectOptions): Promise<ArcpClient> {
    const client = new ArcpClient(options);
    await client.#start();
    return client;
  }

  private constructor(options: ConnectOptions) {
    if (options.url === undefined && options.open === undefined) {
      throw new ArcpUsageError("invalid_options", "connect needs a url or an open function");
    }
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#ids = options.ids ?? randomIds();
    this.#connection = new ClientConnection({
      ids: this.#ids,
      limits: {
        maxFrameLength: options.maxFrameLength ?? DEFAULT_MAX_FRAME_LENGTH,
        maxDepth: MAX_ANSWER_DEPTH,
      },
      client: options.client ?? { name: "pawl", version: "1.1.0" },
      features: options.features ?? FEATURES,
      ackPolicy: { ...defaultAckPolicy, ...options.ack },
    });
    // Whoever waits for the cancellation of a job that is over has what it wanted.
    this.#requests = new Requests({
      connection: this.#connection,
      link: () => this.#link,
      clock: this.#clock,
      ids: this.#ids,
      answerTimeoutMs: options.answerTimeoutMs ?? DEFAULT_ANSWER_TIMEOUT_MS,
    });
    this.#jobs = new TrackedJobs((jobId) => {
      this.#requests.pending
        .take(({ type, jobId: of }) => type === "job.cancel" && of === jobId)
        ?.resolve(undefined as never);
    });
    this.#incoming = new IncomingMessages({
      pending: this.#requests.pending,
      jobs: this.#jobs,
      adopt: (payload) => this.#adopt(payload, undefined, undefined),
      onError: (error) => options.onError?.(error),
    });
    this.#link = this.#createLink(options);
  }

  get state(): ClientState {
    return this.#link.state;
  }

  get sessionId(): string | undefined {
    return this.#connection.sessionId;
  }

  get runtime(): { name: string; version: string } | undefined {
    return this.#welcome?.runtime;
  }

  /** The agents that the runtime offers, with their versions. */
  get agents(): AgentInfo[] {
    return (this.#welcome?.capabilities.agents ?? []) as AgentInfo[];
  }

  /** What both sides have. */
  get features(): ReadonlySet<Feature> {
    return this.#connection.features;
  }

  /** Submits a job. Resolves when it is accepted; rejects with the runtime's ArcpError when it is refused. */
  submit(request: SubmitRequest): Promise<JobHandle> {
    const key = request.idempotencyKey === undefined ? this.#ids.mint("key") : request.idempotencyKey;
    return this.#requests.ask<JobHandle>("job.submit", submitPayload(request, key), {
      traceId: request.traceId ?? this.#ids.traceId(),
      repeatable: key !== null,
      signal: request.signal,
      answered: (message: Message<"job.accepted">) => {
        const handle = this.#adopt(message.payload, request.chunks, undefined);
        cancelOnAbort(handle, request.signal);
        return handle;
      },
    });
  }

  /** Attaches to a job that this session did not submit. */
  subscribe(jobId: string, options: SubscribeOptions = {}): Promise<JobHandle> {
    return this.#requests.ask<JobHandle>("job.subscribe", subscribePayload(jobId, options), {
      jobId,
      repeatable: true,
      signal: options.signal,
      answered: (message: Message<"job.subscribed">) => this.#subscribed(message.payload, options),
    });
  }

  /** Stops watching a job. Its handle ends with `connection_closed`; the job goes on. */
  unsubscribe(jobId: string): void {
    if (!this.#jobs.isLive(jobId)) return;
    if (this.state === "open")
      this.#link.send(this.#connection.envelope("job.unsubscribe", { job_id: jobId }));
    this.#jobs.fail(jobId, new ArcpPeerError("connection_closed", "unsubscribed from the job"));
  }

  /** One page of the jobs that this principal may see. */
  async listJobs(
    filter: JobFilter = {},
    page: JobPage & { signal?: AbortSignal } = {},
  ): Promise<{ jobs: ListedJob[]; nextCursor: string | null }> {
    const payload = listPayload(filter, page);
    const options = { repeatable: true, signal: page.signal };
    const message = await this.#requests.ask<Message<"session.jobs">>("session.list_jobs", payload, options);
    return { jobs: message.payload.jobs, nextCursor: message.payload.next_cursor ?? null };
  }

  /** All jobs that match, page by page. */
  async *allJobs(filter: JobFilter = {}, limit = 100): AsyncGenerator<ListedJob> {
    let cursor: string | null = null;
    do {
      const page: { jobs: ListedJob[]; nextCursor: string | null } = await this.listJobs(filter, {
        limit,
        cursor,
      });
      yield* page.jobs;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  /** Resolves when the runtime has taken the cancellation up. Only the session that submitted a job may. */
  async cancel(jobId: string, reason?: string): Promise<void> {
    await this.#requests.ask("job.cancel", reason === undefined ? {} : { reason }, {
      jobId,
      repeatable: true,
    });
  }

  /** The handle of a job of this session, also of a delegated one that nobody here submitted. */
  job(jobId: string): JobHandle | undefined {
    return this.#jobs.get(jobId);
  }

  /** Ends the session politely; its jobs go on. Handles that have not ended reject. */
  async close(): Promise<void> {
    if (this.state === "open") {
      await this.#requests.ask("session.close", {}, { repeatable: false }).catch(() => {
        // A runtime that does not know session.close knows session.bye.
        this.#link.send(this.#connection.envelope("session.bye", { reason: "client closed" }));
      });
    }
    this.#link.stop(new ArcpPeerError("connection_closed", "the client was closed"));
  }

  #createLink(options: ConnectOptions): SessionLink {
    const { url = "", token, WebSocket } = options;
    const socket = WebSocket === undefined ? {} : { WebSocket };
    return new SessionLink({
      connection: this.#connection,
      open: options.open ?? ((signal) => openWebSocket(url, { signal, ...socket })),
      token: () => (typeof token === "function" ? token() : token),
      clock: this.#clock,
      backoff: { ...defaultBackoff, ...options.backoff },
      random: options.random ?? Math.random,
      onMessage: (message) => this.#incoming.deliver(message),
      onWelcome: (welcome, resumed) => this.#welcomed(welcome, resumed),
      onLost: () => this.#requests.lost(),
      onClosed: (failure) => this.#closed(failure),
      onTrouble: (error) => options.onError?.(error),
      onState: (state) => options.onStateChange?.(state),
    });
  }

  #start(): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve, reject) => {
      const abort = () => this.#link.stop(signal?.reason);
      this.#opened = resolve;
      this.#failed = (failure) => {
        signal?.removeEventListener("abort", abort);
        reject(failure);
      };
      if (signal?.aborted === true) {
        abort();
        return;
      }
      signal?.addEventListener("abort", abort, { once: true });
      this.#link.start();
    });
  }

  #welcomed(welcome: PayloadOf<"session.welcome">, resumed: boolean): void {
    const first = this.#welcome === undefined;
    this.#welcome = welcome;
    if (!first && !resumed) this.#followFromNewSession();
    this.#requests.opened();
    this.#opened();
  }

  /** The old session is gone but its jobs are not: they are watched from the new one, after what was seen. */
  #followFromNewSession(): void {
    for (const { jobId, fromOwnerSeq } of this.#jobs.rebase()) {
      const payload = { job_id: jobId, history: true, from_event_seq: fromOwnerSeq };
      this.#requests.ask("job.subscribe", payload, { jobId, repeatable: true }).catch((failure) => {
        this.#jobs.fail(jobId, failure);
      });
    }
  }

  #closed(failure: unknown): void {
    this.#requests.pending.failAll(failure);
    this.#jobs.failAll(failure);
    this.#failed(failure);
  }

  #subscribed(payload: PayloadOf<"job.subscribed">, options: SubscribeOptions): JobHandle {
    const { job_id, current_status, subscribed_from } = payload;
    if (this.#jobs.isLive(job_id)) return this.#adopt(payload, options.chunks, undefined);
    const fromOwnerSeq = options.history === true ? (options.fromEventSeq ?? 0) : (subscribed_from ?? 0);
    const handle = this.#adopt(payload, options.chunks, fromOwnerSeq);
    if (options.history !== true && current_status !== "pending" && current_status !== "running") {
      const message = `the job was ${current_status} already; subscribe with history to learn how it ended`;
      this.#jobs.fail(job_id, new ArcpPeerError("result_incomplete", message));
    }
    return handle;
  }

  #adopt(
    payload: PayloadOf<"job.accepted"> | PayloadOf<"job.subscribed">,
    chunks: "assemble" | "events" | undefined,
    fromOwnerSeq: number | undefined,
  ): JobHandle {
    const jobId = payload.job_id;
    const options = {
      jobId,
      cancel: (reason: string | undefined) => this.cancel(jobId, reason),
      maxBufferedEvents: this.#options.maxBufferedEvents ?? DEFAULT_MAX_BUFFERED_EVENTS,
      maxResultBytes: this.#options.maxResultBytes ?? defaultResultLimits.maxResultBytes,
      chunks: chunks ?? ("assemble" as const),
    };
    return this.#jobs.adopt(payload, options, fromOwnerSeq);
  }
}

function cancelOnAbort(handle: JobHandle, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const abort = () => void handle.cancel("aborted by the client").catch(() => undefined);
  if (signal.aborted) {
    abort();
    return;
  }
  signal.addEventListener("abort", abort, { once: true });
  const forget = () => signal.removeEventListener("abort", abort);
  handle.done.then(forget, forget);
}
