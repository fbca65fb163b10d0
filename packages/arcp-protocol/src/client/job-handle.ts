import { ArcpError } from "../errors.ts";
import { ChunkAssembly } from "../jobs/chunk-assembly.ts";
import type { EventBodies, JobEventPayload } from "../messages/event-body.ts";
import { eventBodySchemas, isKnownEventKind } from "../messages/event-body.ts";
import type { Credential, Lease, LeaseConstraints } from "../messages/lease.ts";
import type { Message, PayloadOf } from "../messages/message.ts";
import { EventQueue } from "./event-queue.ts";

/** One event of a job, a union by `kind`. `eventSeq` is its number in this client's session. */
export type JobEvent = JobEventPayload & { eventSeq: number };

/** How a job ended, a union by `status`. */
export type JobEnd =
  | {
      status: "success";
      /** JSON; or, for a streamed result, a string (utf8) or the bytes (base64). */
      result: unknown;
      resultId?: string;
      resultSize?: number;
      summary?: string;
    }
  | { status: "error" | "cancelled" | "timed_out"; error: ArcpError };

export interface JobHandleOptions {
  jobId: string;
  cancel(reason: string | undefined): Promise<void>;
  maxBufferedEvents: number;
  maxResultBytes: number;
  /** `assemble` puts a streamed result together; `events` hands its chunks out as events instead. */
  chunks: "assemble" | "events";
}

/** A job as its client sees it: a stream of events and an end. Survives reconnects. */
export class JobHandle {
  readonly jobId: string;
  /** Every event once, in order. One reader; a second one shares the stream with it. */
  readonly events: AsyncIterable<JobEvent>;
  /** Resolves with the end, whatever it is; rejects only when the client can never learn it. */
  readonly done: Promise<JobEnd>;
  agent: string | undefined;
  lease: Lease | undefined;
  leaseConstraints: LeaseConstraints | undefined;
  /** Amounts per currency when it was accepted or subscribed to. */
  budget: Record<string, number> | undefined;
  credentials: readonly Credential[];
  parentJobId: string | undefined;
  delegateId: string | undefined;
  traceId: string | undefined;
  readonly #options: JobHandleOptions;
  readonly #queue: EventQueue<JobEvent>;
  readonly #assembly: ChunkAssembly;
  #assemblyFailure: unknown;
  #resolve!: (end: JobEnd) => void;
  #reject!: (failure: unknown) => void;
  #ended = false;

  constructor(options: JobHandleOptions) {
    this.jobId = options.jobId;
    this.credentials = [];
    this.#options = options;
    this.#queue = new EventQueue(options.maxBufferedEvents);
    this.#assembly = new ChunkAssembly(options.maxResultBytes);
    this.events = this.#queue;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A program that only reads events must not be brought down by an end that it does not look at.
    this.done.catch(() => undefined);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Asks the runtime to cancel the job; resolves when it has acknowledged or the job is over. */
  cancel(reason?: string): Promise<void> {
    return this.#ended ? Promise.resolve() : this.#options.cancel(reason);
  }

  /** What the runtime says of the job. Called by the client. */
  describe(payload: PayloadOf<"job.accepted"> | PayloadOf<"job.subscribed">): void {
    this.agent = payload.agent ?? this.agent;
    this.lease = payload.lease ?? this.lease;
    this.leaseConstraints = payload.lease_constraints ?? this.leaseConstraints;
    this.budget = payload.budget ?? this.budget;
    if (payload.credentials != null) this.credentials = payload.credentials;
    this.parentJobId = payload.parent_job_id ?? this.parentJobId;
    this.traceId = payload.trace_id ?? this.traceId;
    const { delegate_id } = payload as PayloadOf<"job.accepted">;
    this.delegateId = delegate_id ?? this.delegateId;
  }

  /** One message of the job. Called by the client, in order. */
  take(message: Message<"job.event" | "job.result" | "job.error">): void {
    if (this.#ended) return;
    if (message.type === "job.event") this.#takeEvent(message);
    else if (message.type === "job.result") this.#takeResult(message.payload);
    else this.#takeError(message.payload);
  }

  /** The client will never learn more. */
  fail(failure: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue.end(failure);
    this.#reject(failure);
  }

  #takeEvent(message: Message<"job.event">): void {
    const { kind, body, ts } = message.payload;
    if (kind === "result_chunk" && this.#options.chunks === "assemble") {
      const chunk = eventBodySchemas.result_chunk.safeParse(body);
      if (chunk.success) this.#assemble(chunk.data);
      return;
    }
    if (kind === "status" && body.phase === "credential_rotated") this.#rotate(body);
    // A body that does not have the shape of its kind is no event that a typed reader could use.
    if (isKnownEventKind(kind) && !eventBodySchemas[kind].safeParse(body).success) return;
    const event = { kind, ts: ts ?? "", body: withDimensions(kind, body), eventSeq: message.event_seq ?? 0 };
    this.#queue.push(event as JobEvent);
  }

  #takeResult(payload: PayloadOf<"job.result">): void {
    const summary = payload.summary == null ? {} : { summary: payload.summary };
    const size = payload.result_size == null ? {} : { resultSize: payload.result_size };
    if (payload.result_id == null) {
      this.#end({ status: "success", result: payload.result ?? payload.output, ...size, ...summary });
      return;
    }
    const streamed = { status: "success" as const, resultId: payload.result_id, ...size, ...summary };
    if (this.#options.chunks === "events") {
      this.#end({ ...streamed, result: undefined });
      return;
    }
    try {
      if (this.#assemblyFailure !== undefined) throw this.#assemblyFailure;
      const whole = this.#assembly.finish(payload.result_id, payload.result_size ?? undefined);
      const result = whole.isText ? new TextDecoder().decode(whole.bytes) : whole.bytes;
      this.#end({ ...streamed, result });
    } catch (failure) {
      this.fail(failure);
    }
  }

  #takeError(payload: PayloadOf<"job.error">): void {
    const status = payload.final_status ?? statusOf(payload.code);
    this.#end({ status, error: ArcpError.fromPayload(payload) });
  }

  #assemble(chunk: EventBodies["result_chunk"]): void {
    try {
      this.#assembly.add(chunk);
    } catch (failure) {
      this.#assemblyFailure ??= failure;
    }
  }

  #rotate(body: Record<string, unknown>): void {
    const { id, value } = body;
    if (typeof id !== "string" || typeof value !== "string") return;
    this.credentials = this.credentials.map((held) => (held.id === id ? { ...held, value } : held));
  }

  #end(end: JobEnd): void {
    this.#ended = true;
    this.#queue.end();
    this.#resolve(end);
  }
}

function statusOf(code: string): "error" | "cancelled" | "timed_out" {
  if (code === "CANCELLED") return "cancelled";
  return code === "TIMEOUT" ? "timed_out" : "error";
}

/** Some peers write a metric's dimensions as `dims`. */
function withDimensions(kind: string, body: Record<string, unknown>): Record<string, unknown> {
  if (kind !== "metric" || body.dims === undefined || body.dimensions !== undefined) return body;
  return { ...body, dimensions: body.dims };
}
