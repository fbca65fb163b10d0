/** A W3C trace context, as far as ARCP carries it. */
export interface TraceContext {
  /** 32 lower-case hex digits. */
  traceId: string;
  /** 16 lower-case hex digits: the caller's span, when it sent a full `traceparent`. */
  parentId?: string;
  /** Two hex digits; `01` is sampled. */
  flags?: string;
}

const bareId = /^[0-9a-f]{32}$/;
const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/**
 * Reads the `trace_id` field, which holds a bare trace id or a whole `traceparent` (section 11 says the second,
 * its examples show the first). Undefined when it is neither: then a new trace begins, as W3C asks.
 */
export function parseTraceContext(value: string | undefined): TraceContext | undefined {
  if (value === undefined) return undefined;
  if (bareId.test(value)) return isZero(value) ? undefined : { traceId: value };
  const match = traceparent.exec(value);
  if (match === null || value.startsWith("ff")) return undefined;
  const [, traceId = "", parentId = "", flags = ""] = match;
  if (isZero(traceId) || isZero(parentId)) return undefined;
  return { traceId, parentId, flags };
}

/** The `traceparent` header for a call that belongs to this trace; `spanId` is the caller's own span. */
export function formatTraceparent(context: TraceContext, spanId: string): string {
  return `00-${context.traceId}-${spanId}-${context.flags ?? "01"}`;
}

function isZero(hex: string): boolean {
  return /^0+$/.test(hex);
}
