import { ArcpError } from "../errors.ts";
import type { Message, PayloadOf } from "../messages/message.ts";
import type { ServerMessage } from "./connection.ts";
import type { PendingRequest, PendingRequests } from "./pending-requests.ts";
import type { JobMessage, TrackedJobs } from "./tracked-jobs.ts";

export interface IncomingParts {
  pending: PendingRequests;
  jobs: TrackedJobs;
  /** A job was accepted that nobody here submitted: a delegated one. */
  adopt(payload: PayloadOf<"job.accepted">): void;
  /** An error that answers nothing. */
  onError(error: ArcpError): void;
}

/** Finds for each message of the runtime whose it is: a job's, or the answer to a request. */
export class IncomingMessages {
  readonly #pending: PendingRequests;
  readonly #jobs: TrackedJobs;
  readonly #parts: IncomingParts;

  constructor(parts: IncomingParts) {
    this.#parts = parts;
    this.#pending = parts.pending;
    this.#jobs = parts.jobs;
  }

  deliver(message: ServerMessage): void {
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
    if (submit === undefined) this.#parts.adopt(payload);
    else submit.resolve(message as never);
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
      this.#parts.onError(error);
      return;
    }
    // A cancellation that came too late is no error: the job is over, as was wanted.
    const tooLate = refused.type === "job.cancel" && error.wireCode === "INVALID_REQUEST";
    if (tooLate && this.#jobs.hasEnded(refused.jobId ?? "")) refused.resolve(undefined as never);
    else refused.reject(error);
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
