import type { EventStreamOptions } from "./event-stream.ts";
import type { Call } from "./route.ts";

/** A stream ends when its client leaves and when the handler's host says so. */
export function streamOptions({ request, options }: Call): EventStreamOptions {
  const { signal, heartbeatMs, onError } = options;
  return {
    signal: signal === undefined ? request.signal : AbortSignal.any([request.signal, signal]),
    heartbeatMs,
    onError: (thrown) => onError(thrown, request),
  };
}
