import type { Envelope } from "../envelope/envelope.ts";
import type { ArcpError } from "../errors.ts";
import type { Message, MessageType } from "../messages/message.ts";
import type { OpenRequest } from "./open-request.ts";

/** Requests that the session and its jobs answer. */
export type ClientRequest = Message<
  "job.submit" | "job.cancel" | "job.subscribe" | "job.unsubscribe" | "session.list_jobs" | "session.ack"
>;

/** Told from what a client may not send. */
export const CLIENT_REQUESTS: ReadonlySet<MessageType> = new Set<MessageType>([
  "job.submit",
  "job.cancel",
  "job.subscribe",
  "job.unsubscribe",
  "session.list_jobs",
  "session.ack",
]);

/** What the host is to do, in this order. */
export type ConnectionAction =
  | { do: "send"; envelope: Envelope<string, object> }
  /** Authenticate, open or resume; then call `opened` or `refused`. */
  | { do: "open"; request: OpenRequest }
  | { do: "handle"; request: ClientRequest }
  /** Refuse a submission with a job.error on a job id of its own, so that no other job seems to be meant. */
  | { do: "refuse_submit"; error: ArcpError; requestId: string; traceId: string | undefined }
  /** The client ends the session for now; it stays resumable. */
  | { do: "leave" }
  | { do: "close"; code: number; reason: string };
