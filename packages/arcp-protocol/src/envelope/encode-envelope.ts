import { ARCP_VERSION, type Envelope } from "./envelope.ts";

/** One envelope as the text of one frame. */
export function encodeEnvelope(envelope: Envelope<string, object>): string {
  return JSON.stringify(envelope);
}

/** What differs between the receivers of one job event. */
export interface EventHead {
  type: string;
  sessionId: string;
  traceId: string | undefined;
  jobId: string;
  eventSeq: number;
}

/**
 * A numbered frame around a payload that is already JSON. An event that goes to fifty sessions is stringified
 * once and only its head is written fifty times. The id derives from session and number, so a replayed frame
 * is byte for byte the frame that was sent first.
 */
export function encodeNumbered(head: EventHead, payloadJson: string): string {
  const session = JSON.stringify(head.sessionId);
  const trace = head.traceId === undefined ? "" : `"trace_id":${JSON.stringify(head.traceId)},`;
  return (
    `{"arcp":"${ARCP_VERSION}","id":"${eventId(head.sessionId, head.eventSeq)}","type":"${head.type}",` +
    `"session_id":${session},${trace}"job_id":${JSON.stringify(head.jobId)},"event_seq":${head.eventSeq},` +
    `"payload":${payloadJson}}`
  );
}

function eventId(sessionId: string, eventSeq: number): string {
  // Session ids are minted by the runtime from letters, digits and underscores: nothing to escape.
  return `evt_${sessionId}_${eventSeq}`;
}
