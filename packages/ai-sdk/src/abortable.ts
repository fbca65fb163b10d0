const ignore = () => {};

/**
 * What the promise brings, or the signal's reason as soon as it aborts: not every provider watches the signal. What
 * comes too late is handed to `discard`.
 */
export async function abortable<T>(
  promise: PromiseLike<T>,
  signal: AbortSignal,
  discard: (late: T) => void,
): Promise<T> {
  let onAbort = ignore;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  let gaveUp = false;
  const watched = Promise.resolve(promise).then((value) => {
    if (gaveUp) discard(value);
    return value;
  });
  try {
    return await Promise.race([watched, aborted]);
  } catch (thrown) {
    gaveUp = true;
    watched.catch(ignore);
    throw thrown;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** The chunks of a stream until it ends; an abort cancels it and throws the signal's reason. */
export async function* chunksOf<T>(stream: ReadableStream<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  const reader = stream.getReader();
  // Cancelling ends a read that is waiting, so that a silent stream cannot hold the call.
  const cancel = () => void reader.cancel(signal.reason).catch(ignore);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await reader.read();
      signal.throwIfAborted();
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    // Also when the consumer stops early: the connection is given back.
    cancel();
  }
}
