import type { Clock } from "../clock.ts";
import type { IdSource } from "../envelope/ids.ts";
import { ArcpPeerError, ArcpUsageError } from "../errors.ts";
import type { Message, MessageType } from "../messages/message.ts";
import { unnegotiatedFeature } from "../session/feature-gate.ts";
import type { ClientConnection } from "./connection.ts";
import { type PendingRequest, PendingRequests } from "./pending-requests.ts";
import type { SessionLink } from "./session-link.ts";

export interface RequestOptions<Answer> {
  traceId?: string;
  jobId?: string;
  /** Whether it may be sent again on another connection without doing anything twice. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
  /** Runs with the answer itself: what follows it may arrive before a promise would run on. */
  answered?: (message: never) => Answer;
}

export interface RequestsParts {
  connection: ClientConnection;
  link(): Pick<SessionLink, "send" | "state">;
  clock: Clock;
  ids: IdSource;
  answerTimeoutMs: number;
}

/** Asks the runtime: each request is sent once a session is open, again after a reconnect where that is safe, and ends. */
export class Requests {
  readonly pending = new PendingRequests();
  readonly #parts: RequestsParts;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
  }

  ask<Answer>(type: MessageType, payload: object, options: RequestOptions<Answer>): Promise<Answer> {
    if (this.#parts.link().state === "closed") {
      return Promise.reject(new ArcpUsageError("client_closed", "the client is closed; connect again"));
    }
    const { signal, answered, traceId, jobId, repeatable } = options;
    return new Promise<Answer>((resolve, reject) => {
      signal?.throwIfAborted();
      const id = this.#parts.ids.mint("msg");
      const stopTimer = type === "job.submit" ? undefined : this.#timeOut(id, type);
      const settle = () => {
        stopTimer?.();
        signal?.removeEventListener("abort", abort);
      };
      const abort = () => this.pending.remove(id)?.reject(signal?.reason);
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
      this.pending.add(request);
      this.#send(request);
    });
  }

  /** The session is open: sends what has not been answered. */
  opened(): void {
    for (const request of this.pending.all()) this.#send(request);
  }

  /** The connection broke: what may not be sent twice ends here. */
  lost(): void {
    for (const request of this.pending.all()) {
      if (!request.sent || request.repeatable) continue;
      this.pending.remove(request.id);
      const message = "the connection broke before the answer; whether it was done is not known";
      request.reject(new ArcpPeerError("connection_lost", message));
    }
  }

  #send(request: PendingRequest): void {
    const { connection } = this.#parts;
    if (connection.phase !== "open") return;
    const { id, type, payload, traceId, jobId } = request;
    const envelope = connection.envelope(type, payload, {
      id,
      ...(traceId === undefined ? {} : { traceId }),
      ...(jobId === undefined || type !== "job.cancel" ? {} : { jobId }),
    });
    const feature = unnegotiatedFeature(envelope as Message, connection.features);
    if (feature === undefined) {
      request.sent = true;
      this.#parts.link().send(envelope);
      return;
    }
    this.pending.remove(id);
    const message = `the runtime does not offer "${feature}", which ${type} needs`;
    request.reject(new ArcpUsageError("feature_not_negotiated", message));
  }

  #timeOut(id: string, type: MessageType): () => void {
    const { clock, answerTimeoutMs: ms } = this.#parts;
    return clock.at(clock.now() + ms, () => {
      const failure = new ArcpPeerError("answer_timeout", `${type} was not answered within ${ms} ms`);
      this.pending.remove(id)?.reject(failure);
    });
  }
}
