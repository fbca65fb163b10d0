import type { z } from "zod";
import { explain } from "../envelope/decode-frame.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { ArcpError } from "../errors.ts";
import * as job from "./job-messages.ts";
import * as session from "./session-messages.ts";

/** Every message of 1.1 and its payload. `session.resume` and `session.bye` are accepted spellings of peers. */
export const messageSchemas = {
  "session.hello": session.helloSchema,
  "session.resume": session.resumeMessageSchema,
  "session.welcome": session.welcomeSchema,
  "session.error": session.sessionErrorSchema,
  "session.ping": session.pingSchema,
  "session.pong": session.pongSchema,
  "session.ack": session.ackSchema,
  "session.list_jobs": session.listJobsSchema,
  "session.jobs": session.jobsSchema,
  "session.close": session.closeSchema,
  "session.closed": session.emptySchema,
  "session.bye": session.closeSchema,
  "job.submit": job.submitSchema,
  "job.accepted": job.acceptedSchema,
  "job.event": job.eventSchema,
  "job.result": job.resultSchema,
  "job.error": job.jobErrorSchema,
  "job.cancel": job.cancelSchema,
  "job.cancelled": job.cancelledSchema,
  "job.subscribe": job.subscribeSchema,
  "job.subscribed": job.subscribedSchema,
  "job.unsubscribe": job.unsubscribeSchema,
} as const;

export type MessageType = keyof typeof messageSchemas;
export type PayloadOf<Type extends MessageType> = z.infer<(typeof messageSchemas)[Type]>;

/** A message whose payload has been checked: a union by `type`. */
export type Message<Type extends MessageType = MessageType> = {
  [T in Type]: Envelope<T, PayloadOf<T>>;
}[Type];

export const MESSAGE_TYPES = Object.keys(messageSchemas) as MessageType[];

export function isMessageType(type: string): type is MessageType {
  return Object.hasOwn(messageSchemas, type);
}

export type DecodedMessage = { ok: true; message: Message } | { ok: false; error: ArcpError };

/** Checks an envelope's payload against its type. Unknown payload fields are kept. */
export function decodeMessage(envelope: Envelope): DecodedMessage {
  if (!isMessageType(envelope.type)) {
    return {
      ok: false,
      error: new ArcpError("INVALID_REQUEST", `unknown message type "${envelope.type.slice(0, 64)}"`),
    };
  }
  const parsed = messageSchemas[envelope.type].safeParse(envelope.payload);
  if (!parsed.success) {
    const reason = explain(parsed.error);
    return { ok: false, error: new ArcpError("INVALID_REQUEST", `malformed ${envelope.type}: ${reason}`) };
  }
  return { ok: true, message: { ...envelope, payload: parsed.data } as Message };
}
