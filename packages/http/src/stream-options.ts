import type { EventStreamOptions } from "./event-stream.ts";
import type { Call } from "./route.ts";

/** Aborts when the client leaves or the handler's host says so: nothing is waited for beyond that. */
export function endOf({ request, options: { signal } }: Call): AbortSignal {
  return signal === undefined ? request.signal : AbortSignal.any([request.signal, signal]);
}

export function streamOptions(call: Call): EventStreamOptions {
  const { heartbeatMs, onError } = call.options;
  return { signal: endOf(call), heartbeatMs, onError: (thrown) => onError(thrown, call.request) };
}
