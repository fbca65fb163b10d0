import type { DecodedFrame } from "../envelope/decode-frame.ts";
import { ARCP_VERSION, type Envelope } from "../envelope/envelope.ts";
import type { IdSource } from "../envelope/ids.ts";
import type { ArcpError } from "../errors.ts";
import type { MessageType } from "../messages/message.ts";
import type { ConnectionAction } from "./connection-action.ts";

/** What a refusal is about. */
interface Refused {
  readonly requestId?: string;
  readonly jobId?: string;
  readonly traceId?: string;
}

/** What the runtime says on one connection, as actions. Owns the session's id, which every frame carries. */
export class ConnectionSpeech {
  readonly #ids: IdSource;
  /** Until the welcome a provisional id, because a frame without one is invisible to some clients. */
  sessionId: string;

  constructor(ids: IdSource) {
    this.#ids = ids;
    this.sessionId = ids.mint("sess");
  }

  say(
    type: MessageType,
    payload: object,
    about: { readonly traceId?: string; readonly jobId?: string } = {},
  ): ConnectionAction {
    return {
      do: "send",
      envelope: {
        arcp: ARCP_VERSION,
        id: this.#ids.mint("msg"),
        type,
        session_id: this.sessionId,
        ...(about.traceId === undefined ? {} : { trace_id: about.traceId }),
        ...(about.jobId === undefined ? {} : { job_id: about.jobId }),
        payload,
      },
    };
  }

  refusal(error: ArcpError, of: Refused): ConnectionAction {
    const payload = {
      ...error.toPayload(),
      ...(of.requestId === undefined ? {} : { request_id: of.requestId }),
      ...(of.jobId === undefined ? {} : { job_id: of.jobId }),
    };
    return this.say("session.error", payload, of);
  }

  refuse(error: ArcpError, request: Envelope<string, object>): ConnectionAction {
    return this.refusal(error, {
      requestId: request.id,
      ...(request.job_id === undefined ? {} : { jobId: request.job_id }),
      ...(request.trace_id === undefined ? {} : { traceId: request.trace_id }),
    });
  }

  /** A submission is refused on a job id of its own. */
  refuseRequest(error: ArcpError, request: Envelope<string, object>): ConnectionAction {
    if (request.type !== "job.submit") return this.refuse(error, request);
    return { do: "refuse_submit", error, requestId: request.id, traceId: request.trace_id };
  }

  refuseFrame({ error, id, traceId, jobId }: Extract<DecodedFrame, { ok: false }>): ConnectionAction {
    return this.refusal(error, {
      ...(id === undefined ? {} : { requestId: id }),
      ...(jobId === undefined ? {} : { jobId }),
      ...(traceId === undefined ? {} : { traceId }),
    });
  }
}
