import type { StreamPermit } from "./create-handler.ts";
import type { EventStreamOptions } from "./event-stream.ts";
import type { Call } from "./route.ts";

/** Aborts when the client leaves or the handler's host says so. */
export function endOf({ request, options: { signal } }: Call): AbortSignal {
  return signal === undefined ? request.signal : AbortSignal.any([request.signal, signal]);
}

/** For what stays open: aborts when the client leaves, its principal may see nothing more, or the handler's host says so: nothing is waited for beyond that. */
export function permitOf(call: Call): StreamPermit {
  const permit = call.options.admitStream?.(call.principal);
  const end = endOf(call);
  if (permit === undefined) return { signal: end, release() {} };
  return { signal: AbortSignal.any([end, permit.signal]), release: permit.release };
}

export function streamOptions(call: Call): EventStreamOptions {
  const { heartbeatMs, onError } = call.options;
  const { signal, release } = permitOf(call);
  return { signal, heartbeatMs, onClose: release, onError: (thrown) => onError(thrown, call.request) };
}
