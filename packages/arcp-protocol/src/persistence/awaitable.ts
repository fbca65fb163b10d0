/** A value, or a promise of one. Stores in memory answer at once and cost no turn of the event loop. */
export type Awaitable<T> = T | Promise<T>;

/** Goes on with the value now when it is there, later when it is promised. */
export function whenDone<T, U>(value: Awaitable<T>, next: (value: T) => U): Awaitable<Awaited<U>> | U {
  return value instanceof Promise ? (value.then(next) as Promise<Awaited<U>>) : next(value);
}
