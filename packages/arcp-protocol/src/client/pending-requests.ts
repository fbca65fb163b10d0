import type { MessageType } from "../messages/message.ts";

/** A request that waits for its answer, over as many connections as it takes. */
export interface PendingRequest {
  type: MessageType;
  id: string;
  payload: object;
  traceId?: string;
  jobId?: string;
  /** Whether it may be sent again on another connection without doing anything twice. */
  repeatable: boolean;
  sent: boolean;
  resolve(answer: never): void;
  reject(failure: unknown): void;
}

/** Requests in the order in which they were made. */
export class PendingRequests {
  readonly #requests = new Map<string, PendingRequest>();

  add(request: PendingRequest): void {
    this.#requests.set(request.id, request);
  }

  remove(id: string): PendingRequest | undefined {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    return request;
  }

  has(type: MessageType): boolean {
    for (const request of this.#requests.values()) if (request.type === type) return true;
    return false;
  }

  /** The first request that fits, taken out. */
  take(fits: (request: PendingRequest) => boolean): PendingRequest | undefined {
    for (const request of this.#requests.values()) if (fits(request)) return this.remove(request.id);
    return undefined;
  }

  all(): PendingRequest[] {
    return [...this.#requests.values()];
  }

  /**
   * Whose refusal this is: by request id, else by job, else by trace; a peer that says none of them answers in
   * order, so it is the oldest.
   */
  takeRefused(about: {
    requestId?: string | undefined;
    jobId?: string | undefined;
    traceId?: string | undefined;
  }): PendingRequest | undefined {
    if (about.requestId !== undefined) return this.remove(about.requestId);
    if (about.jobId !== undefined) return this.take((request) => request.jobId === about.jobId);
    const traced =
      about.traceId === undefined ? undefined : this.take((request) => request.traceId === about.traceId);
    return traced ?? this.take((request) => request.sent);
  }

  failAll(failure: unknown): void {
    for (const request of this.all()) {
      this.#requests.delete(request.id);
      request.reject(failure);
    }
  }
}
