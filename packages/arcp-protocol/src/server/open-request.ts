import { ArcpError } from "../errors.ts";
import type { Message } from "../messages/message.ts";

/** What a hello asks for. */
export interface OpenRequest {
  /** Id of the envelope, for a refusal. */
  requestId: string;
  client: { name: string; version: string };
  auth: { scheme: string; token: string };
  features: string[];
  resume?: { sessionId: string; resumeToken: string; lastEventSeq: number };
}

/** Reads a hello, or the draft's session.resume, which carries the same fields flat. */
export function readOpenRequest(
  message: Message<"session.hello" | "session.resume">,
): OpenRequest | ArcpError {
  const { auth, capabilities, client } = message.payload;
  if (auth?.token === undefined || auth.token === "") {
    return new ArcpError("UNAUTHENTICATED", "session.hello has no payload.auth.token; send a bearer token");
  }
  const scheme = auth.scheme ?? "bearer";
  if (scheme !== "bearer") {
    return new ArcpError(
      "UNAUTHENTICATED",
      `the authentication scheme "${scheme.slice(0, 40)}" is not bearer`,
    );
  }
  if (capabilities.encodings !== undefined && !capabilities.encodings.includes("json")) {
    return new ArcpError("INVALID_REQUEST", 'the only encoding is "json"; name it in capabilities.encodings');
  }
  const resume = message.type === "session.hello" ? readResume(message) : readResumeMessage(message);
  if (resume instanceof ArcpError) return resume;
  return {
    requestId: message.id,
    client: { name: client?.name ?? "unknown", version: client?.version ?? "0" },
    auth: { scheme, token: auth.token },
    features: capabilities.features ?? [],
    ...(resume === undefined ? {} : { resume }),
  };
}

function readResume(message: Message<"session.hello">): OpenRequest["resume"] {
  const { resume } = message.payload;
  if (resume == null) return undefined;
  return {
    sessionId: resume.session_id,
    resumeToken: resume.resume_token,
    lastEventSeq: resume.last_event_seq,
  };
}

function readResumeMessage(message: Message<"session.resume">): OpenRequest["resume"] | ArcpError {
  const { session_id, resume_token, last_event_seq } = message.payload;
  const sessionId = session_id ?? message.session_id;
  if (sessionId === undefined) return new ArcpError("INVALID_REQUEST", "session.resume names no session_id");
  return { sessionId, resumeToken: resume_token, lastEventSeq: last_event_seq };
}
