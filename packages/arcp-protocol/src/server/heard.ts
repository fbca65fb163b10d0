/**
 * The same promise, whose rejection never counts as unhandled. An agent may start something without waiting for it;
 * whoever waits is still told, but a forgotten failure must not bring down a process that hosts others.
 */
export function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
