import type { CacheClock } from "./clock.ts";

/*
 * One piece of work per key, shared by everybody who asks while it runs.
 *
 * F1  At most one flight per key performs at a time; whoever asks meanwhile gets its result, success or failure.
 * F2  A flight belongs to nobody: a caller that aborts stops waiting, the work goes on.
 * F3  A flight ends within `timeoutMs`, whatever its work does; its signal is aborted then.
 * F4  After `supersede`, those who already wait still get the running flight's result, those who come later share
 *     the next one, which begins when the running one has ended. So a key has at most two flights.
 */

export interface FlightContext {
  /** Aborted when the flight's time is up. */
  readonly signal: AbortSignal;
  /** True once the facts that this flight is reading are known to have changed (F4): its result must not be kept. */
  superseded(): boolean;
}

export interface SingleFlightOptions {
  readonly clock: CacheClock;
  readonly timeoutMs: number;
  /** The error of a flight whose time is up. */
  readonly timedOut: (key: string) => Error;
}

interface Flight<T> {
  readonly result: Promise<T>;
  superseded: boolean;
  /** The flight that those share who came after the facts changed. */
  next: Flight<T> | undefined;
}

export interface SingleFlight<T> {
  /** Joins the flight of `key` or begins one. Rejects with the flight's failure, or with `signal.reason`. */
  run(key: string, work: (context: FlightContext) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Marks the running flight as overtaken by events (F4). */
  supersede(key: string): void;
  readonly size: number;
}

export function createSingleFlight<T>(options: SingleFlightOptions): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();

  function begin(
    key: string,
    work: (context: FlightContext) => Promise<T>,
    after?: Promise<unknown>,
  ): Flight<T> {
    const flight: Flight<T> = { superseded: false, next: undefined, result: perform() };
    // Nobody may be waiting (a background refresh): its failure is not an unhandled rejection.
    flight.result.catch(() => {});
    return flight;

    async function perform(): Promise<T> {
      await after?.catch(() => {});
      const timeUp = new AbortController();
      let expire: (error: Error) => void = () => {};
      const expired = new Promise<never>((_, reject) => {
        expire = reject;
      });
      const cancelTimer = options.clock.setTimer(() => {
        const error = options.timedOut(key);
        expire(error);
        timeUp.abort(error);
      }, options.timeoutMs);
      try {
        const context = { signal: timeUp.signal, superseded: () => flight.superseded };
        return await Promise.race([Promise.resolve(context).then(work), expired]);
      } finally {
        cancelTimer();
        if (flight.next !== undefined) flights.set(key, flight.next);
        else if (flights.get(key) === flight) flights.delete(key);
      }
    }
  }

  return {
    run(key, work, signal) {
      const running = flights.get(key);
      let flight = running;
      if (running === undefined) {
        flight = begin(key, work);
        flights.set(key, flight);
      } else if (running.superseded) {
        running.next ??= begin(key, work, running.result);
        flight = running.next;
      }
      return untilAborted((flight as Flight<T>).result, signal);
    },
    supersede(key) {
      const running = flights.get(key);
      if (running !== undefined) running.superseded = true;
    },
    get size() {
      return flights.size;
    },
  };
}

/** The promise, or a rejection with `signal.reason` if that comes first. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
