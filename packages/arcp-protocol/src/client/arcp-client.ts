import { type Clock, systemClock } from "../clock.ts";
import { type IdSource, randomIds } from "../envelope/ids.ts";
import { ArcpError, ArcpPeerError, ArcpUsageError } from "../errors.ts";
import type { AgentInfo } from "../jobs/agent-ref.ts";
import { defaultResultLimits } from "../jobs/result-stream.ts";
import type { Message, MessageType, PayloadOf } from "../messages/message.ts";
import { defaultAckPolicy } from "../session/ack-policy.ts";
import { unnegotiatedFeature } from "../session/feature-gate.ts";
import { FEATURES, type Feature } from "../session/features.ts";
import { openWebSocket } from "../transports/websocket-client.ts";
import { defaultBackoff } from "./backoff.ts";
import type { ConnectOptions, JobFilter, SubmitRequest, SubscribeOptions } from "./connect-options.ts";
import { ClientConnection, type ServerMessage } from "./connection.ts";
import type { JobHandle } from "./job-handle.ts";
import { type PendingRequest, PendingRequests } from "./pending-requests.ts";
import { type ClientState, SessionLink } from "./session-link.ts";
import { type JobMessage, TrackedJobs } from "./tracked-jobs.ts";

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
  readonly #pending = new PendingRequests();
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
    this.#jobs = new TrackedJobs((jobId) => {
      this.#pending
        .take(({ type, jobId: of }) => type === "job.cancel" && of === jobId)
        ?.resolve(undefined as never);
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
    const payload = {
      agent: request.agent,
      input: request.input ?? null,
      ...(request.lease === undefined ? {} : { lease_request: request.lease }),
      ...(request.leaseConstraints === undefined ? {} : { lease_constraints: request.leaseConstraints }),
      ...(key === null ? {} : { idempotency_key: key }),
      ...(request.maxRuntimeSec === undefined ? {} : { max_runtime_sec: request.maxRuntimeSec }),
    };
    return this.#request<JobHandle>("job.submit", payload, {
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
    const payload = {
      job_id: jobId,
      ...(options.history === undefined ? {} : { history: options.history }),
      ...(options.fromEventSeq === undefined ? {} : { from_event_seq: options.fromEventSeq }),
    };
    return this.#request<JobHandle>("job.subscribe", payload, {
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
    page: { limit?: number; cursor?: string | null; signal?: AbortSignal } = {},
  ): Promise<{ jobs: ListedJob[]; nextCursor: string | null }> {
    const payload = {
      filter: {
        ...(filter.status === undefined ? {} : { status: filter.status }),
        ...(filter.agent === undefined ? {} : { agent: filter.agent }),
        ...(filter.createdAfter === undefined ? {} : { created_after: instant(filter.createdAfter) }),
        ...(filter.createdBefore === undefined ? {} : { created_before: instant(filter.createdBefore) }),
      },
      ...(page.limit === undefined ? {} : { limit: page.limit }),
      ...(page.cursor == null ? {} : { cursor: page.cursor }),
    };
    const options = { repeatable: true, signal: page.signal };
    const message = await this.#request<Message<"session.jobs">>("session.list_jobs", payload, options);
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
    await this.#request("job.cancel", reason === undefined ? {} : { reason }, { jobId, repeatable: true });
  }

  /** The handle of a job of this session, also of a delegated one that nobody here submitted. */
  job(jobId: string): JobHandle | undefined {
    return this.#jobs.get(jobId);
  }

  /** Ends the session politely; its jobs go on. Handles that have not ended reject. */
  async close(): Promise<void> {
    if (this.state === "open") {
      await this.#request("session.close", {}, { repeatable: false }).catch(() => {
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
      onMessage: (message) => this.#deliver(message),
      onWelcome: (welcome, resumed) => this.#welcomed(welcome, resumed),
      onLost: () => this.#lost(),
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
    for (const request of this.#pending.all()) this.#sendRequest(request);
    this.#opened();
  }

  /** The old session is gone but its jobs are not: they are watched from the new one, after what was seen. */
  #followFromNewSession(): void {
    for (const { jobId, fromOwnerSeq } of this.#jobs.rebase()) {
      const payload = { job_id: jobId, history: true, from_event_seq: fromOwnerSeq };
      this.#request("job.subscribe", payload, { jobId, repeatable: true }).catch((failure) => {
        this.#jobs.fail(jobId, failure);
      });
    }
  }

  #lost(): void {
    for (const request of this.#pending.all()) {
      if (!request.sent || request.repeatable) continue;
      this.#pending.remove(request.id);
      const message = "the connection broke before the answer; whether it was done is not known";
      request.reject(new ArcpPeerError("connection_lost", message));
    }
  }

  #closed(failure: unknown): void {
    this.#pending.failAll(failure);
    this.#jobs.failAll(failure);
    this.#failed(failure);
  }

  #deliver(message: ServerMessage): void {
    switch (message.type) {
      case "job.event":
      case "job.result":
      case "job.error":
        this.#deliverJob(message.job_id ?? "", message);
        break;
      case "job.accepted":
        this.#accepted(message);
        break;
      case "session.error":
        this.#sessionError(message);
        break;
      default:
        this.#pending.take((request) => isAnswer(message, request))?.resolve(message as never);
    }
  }

  #accepted(message: Message<"job.accepted">): void {
    const { payload, trace_id } = message;
    const submit =
      payload.parent_job_id == null
        ? (this.#pending.take(({ type, traceId }) => type === "job.submit" && traceId === trace_id) ??
          this.#pending.take(({ type, sent }) => type === "job.submit" && sent))
        : undefined;
    if (submit === undefined) this.#adopt(payload, undefined, undefined);
    else submit.resolve(message as never);
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

  #deliverJob(jobId: string, message: JobMessage): void {
    if (this.#jobs.take(jobId, message)) return;
    const refused = message.type === "job.error" ? this.#refusedSubmission(jobId, message) : undefined;
    if (refused !== undefined) {
      refused.reject(ArcpError.fromPayload(message.payload as PayloadOf<"job.error">));
      return;
    }
    // The acceptance of a repeated submission, or of a subscription, may come after the job's first messages.
    if (this.#pending.has("job.submit") || this.#pending.has("job.subscribe"))
      this.#jobs.keepOrphan(jobId, message);
  }

  /**
   * The submission that a job.error of an unknown job refuses: by request id, else by trace, else the oldest. A job
   * that has already said something was accepted, and its acceptance is still to come.
   */
  #refusedSubmission(jobId: string, message: Message<"job.error">): PendingRequest | undefined {
    const { request_id } = message.payload;
    if (request_id !== undefined) {
      return this.#pending.take(({ type, id }) => type === "job.submit" && id === request_id);
    }
    if (this.#jobs.hasOrphans(jobId)) return undefined;
    const { trace_id } = message;
    return this.#pending.take(
      ({ type, sent, traceId }) =>
        type === "job.submit" && sent && (trace_id === undefined || traceId === trace_id),
    );
  }

  #sessionError(message: Message<"session.error">): void {
    const { payload, trace_id } = message;
    const error = ArcpError.fromPayload(payload);
    const refused = this.#pending.takeRefused({
      requestId: payload.request_id,
      jobId: payload.job_id,
      traceId: trace_id,
    });
    if (refused === undefined) {
      this.#options.onError?.(error);
      return;
    }
    // A cancellation that came too late is no error: the job is over, as was wanted.
    const tooLate = refused.type === "job.cancel" && error.wireCode === "INVALID_REQUEST";
    if (tooLate && this.#jobs.hasEnded(refused.jobId ?? "")) refused.resolve(undefined as never);
    else refused.reject(error);
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

  #request<Answer>(
    type: MessageType,
    payload: object,
    options: {
      traceId?: string;
      jobId?: string;
      repeatable: boolean;
      signal?: AbortSignal | undefined;
      /** Runs with the answer itself: what follows it may arrive before a promise would run on. */
      answered?: (message: never) => Answer;
    },
  ): Promise<Answer> {
    if (this.state === "closed") {
      return Promise.reject(new ArcpUsageError("client_closed", "the client is closed; connect again"));
    }
    const { signal, answered, traceId, jobId, repeatable } = options;
    return new Promise<Answer>((resolve, reject) => {
      signal?.throwIfAborted();
      const id = this.#ids.mint("msg");
      const stopTimer = type === "job.submit" ? undefined : this.#timeOut(id, type);
      const settle = () => {
        stopTimer?.();
        signal?.removeEventListener("abort", abort);
      };
      const abort = () => this.#pending.remove(id)?.reject(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      const request: PendingRequest = {
        type,
        id,
        payload,
        repeatable,
        sent: false,
        ...(traceId === undefined ? {} : { traceId }),
        ...(jobId === undefined ? {} : { jobId }),
        resolve: (answer: never) => {
          settle();
          resolve(answered === undefined ? answer : answered(answer));
        },
        reject: (failure) => {
          settle();
          reject(failure);
        },
      };
      this.#pending.add(request);
      this.#sendRequest(request);
    });
  }

  #sendRequest(request: PendingRequest): void {
    if (this.#connection.phase !== "open") return;
    const { id, type, payload, traceId, jobId } = request;
    const envelope = this.#connection.envelope(type, payload, {
      id,
      ...(traceId === undefined ? {} : { traceId }),
      ...(jobId === undefined || type !== "job.cancel" ? {} : { jobId }),
    });
    const feature = unnegotiatedFeature(envelope as Message, this.#connection.features);
    if (feature === undefined) {
      request.sent = true;
      this.#link.send(envelope);
      return;
    }
    this.#pending.remove(id);
    const message = `the runtime does not offer "${feature}", which ${type} needs`;
    request.reject(new ArcpUsageError("feature_not_negotiated", message));
  }

  #timeOut(id: string, type: MessageType): () => void {
    const ms = this.#options.answerTimeoutMs ?? DEFAULT_ANSWER_TIMEOUT_MS;
    return this.#clock.at(this.#clock.now() + ms, () => {
      const failure = new ArcpPeerError("answer_timeout", `${type} was not answered within ${ms} ms`);
      this.#pending.remove(id)?.reject(failure);
    });
  }
}

function isAnswer(message: ServerMessage, request: PendingRequest): boolean {
  switch (message.type) {
    case "job.subscribed":
      return request.type === "job.subscribe" && request.jobId === message.payload.job_id;
    case "job.cancelled":
      return request.type === "job.cancel" && request.jobId === (message.job_id ?? message.payload.job_id);
    case "session.jobs":
      return request.id === message.payload.request_id;
    case "session.closed":
      return request.type === "session.close";
    default:
      return false;
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

function instant(value: Date | string): string {
  return typeof value === "string" ? value : value.toISOString();
}
