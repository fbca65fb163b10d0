import type { DiscoveryKey } from "../src/index.ts";

/*
 * What the cache should do, said as simply as possible: one thread, no promises, no bounds. Fetches are numbered as
 * they begin; whoever waits is told through `settled`.
 */

export interface Answer {
  readonly origin: string;
  readonly version: number | undefined;
}

export interface Fetched {
  readonly version: number;
  readonly ttlMs: number | undefined;
  readonly cacheScope: "public" | "private" | undefined;
}

interface Stored {
  readonly version: number;
  readonly fetchedAt: number;
  readonly ttlMs: number;
  readonly strict: boolean;
  readonly server: string;
  readonly session: string | undefined;
  readonly slot: string;
  doubt: "none" | "suspect" | "changed";
}

interface Waiter {
  readonly id: number;
  readonly key: DiscoveryKey;
}

interface Flight {
  readonly slot: string;
  readonly key: DiscoveryKey;
  readonly deadline: number;
  readonly waiters: Waiter[];
  superseded: boolean;
  next: { readonly key: DiscoveryKey; readonly waiters: Waiter[] } | undefined;
}

export interface ModelTimes {
  readonly defaultTtlMs: number;
  readonly maxStaleMs: number;
  readonly negativeTtlMs: number;
  readonly fetchTimeoutMs: number;
}

export function createModel(times: ModelTimes, start: number) {
  let now = start;
  const stored = new Map<string, Stored>();
  const failures = new Map<string, { readonly key: DiscoveryKey; readonly until: number }>();
  const flights = new Map<string, Flight>();
  /** Every fetch that ever began, in order; `undefined` once it is over for the cache. */
  const fetches: (Flight | undefined)[] = [];
  const settled = new Map<number, Answer>();

  function freshness(entry: Stored): "fresh" | "stale" | "cold" {
    const age = now - entry.fetchedAt;
    if (age < entry.ttlMs) return entry.doubt === "none" ? "fresh" : "stale";
    return age < times.maxStaleMs ? "stale" : "cold";
  }

  function usable(key: DiscoveryKey): Stored | undefined {
    return [key.privateSlot, key.publicSlot]
      .flatMap((slot) => stored.get(slot) ?? [])
      .find((entry) => freshness(entry) !== "cold");
  }

  function begin(slot: string, key: DiscoveryKey, waiters: Waiter[]): void {
    const flight = {
      slot,
      key,
      deadline: now + times.fetchTimeoutMs,
      waiters,
      superseded: false,
      next: undefined,
    };
    flights.set(slot, flight);
    fetches.push(flight);
  }

  function board(slot: string, key: DiscoveryKey, waiters: Waiter[]): void {
    const flight = flights.get(slot);
    if (flight === undefined) begin(slot, key, waiters);
    else if (!flight.superseded) flight.waiters.push(...waiters);
    else {
      flight.next ??= { key, waiters: [] };
      flight.next.waiters.push(...waiters);
    }
  }

  function failedAnswer(key: DiscoveryKey): Answer {
    const entry = usable(key);
    return entry === undefined
      ? { origin: "unavailable", version: undefined }
      : { origin: "stale-on-error", version: entry.version };
  }

  function end(flight: Flight, answerOf: (key: DiscoveryKey) => Answer): void {
    fetches[fetches.indexOf(flight)] = undefined;
    for (const { id, key } of flight.waiters) settled.set(id, answerOf(key));
    flights.delete(flight.slot);
    if (flight.next !== undefined) begin(flight.slot, flight.next.key, flight.next.waiters);
  }

  function fail(flight: Flight, at: number): void {
    if (!flight.superseded) failures.set(flight.slot, { key: flight.key, until: at + times.negativeTtlMs });
  }

  const names = (
    target: { server?: string; session?: string },
    server: string,
    session: string | undefined,
  ) => (target.server ?? server) === server && (target.session ?? session) === session;

  return {
    settled,
    get fetchCount() {
      return fetches.length;
    },
    /** Numbers of the fetches that the cache still waits for. */
    pending: () => fetches.flatMap((flight, number) => (flight === undefined ? [] : [number])),
    classify(key: DiscoveryKey) {
      const entry = usable(key);
      return entry === undefined ? "cold" : freshness(entry);
    },
    resolve(id: number, key: DiscoveryKey): void {
      const entry = usable(key);
      if (entry !== undefined && freshness(entry) === "fresh") {
        settled.set(id, { origin: "fresh", version: entry.version });
        return;
      }
      const slots = [key.privateSlot, ...(entry === undefined ? [] : [entry.slot])];
      if (slots.some((slot) => now < (failures.get(slot)?.until ?? 0))) {
        settled.set(id, failedAnswer(key));
        return;
      }
      const suspect = entry !== undefined && now - entry.fetchedAt < entry.ttlMs;
      if (entry !== undefined && (!entry.strict || suspect) && entry.doubt !== "changed") {
        settled.set(id, { origin: "stale", version: entry.version });
        board(entry.slot, key, []);
      } else board(key.privateSlot, key, [{ id, key }]);
    },
    answer(number: number, fetched: Fetched): void {
      const flight = fetches[number];
      if (flight === undefined) return;
      const { key } = flight;
      failures.delete(key.privateSlot);
      failures.delete(key.publicSlot);
      if (!flight.superseded) {
        const isPublic = fetched.cacheScope === "public";
        const slot = isPublic ? key.publicSlot : key.privateSlot;
        stored.delete(key.publicSlot);
        stored.delete(key.privateSlot);
        stored.set(slot, {
          version: fetched.version,
          fetchedAt: now,
          ttlMs: fetched.ttlMs ?? times.defaultTtlMs,
          strict: fetched.ttlMs !== undefined,
          server: key.server,
          session: isPublic ? undefined : key.session,
          slot,
          doubt: "none",
        });
      }
      end(flight, () => ({ origin: "cold", version: fetched.version }));
    },
    refuse(number: number): void {
      const flight = fetches[number];
      if (flight === undefined) return;
      fail(flight, now);
      end(flight, failedAnswer);
    },
    advance(ms: number): void {
      now += ms;
      const late = [...flights.values()].filter(({ deadline }) => deadline <= now);
      late.sort((a, b) => a.deadline - b.deadline);
      for (const flight of late) fail(flight, flight.deadline);
      for (const flight of late) end(flight, failedAnswer);
    },
    invalidate(target: { server?: string; session?: string }, reason: "suspect" | "changed"): void {
      for (const entry of stored.values()) {
        const concerned =
          entry.session === undefined && target.session !== undefined
            ? reason === "changed" && target.server === entry.server
            : names(target, entry.server, entry.session);
        if (concerned && entry.doubt !== "changed") entry.doubt = reason;
      }
      if (reason === "suspect") return;
      for (const flight of flights.values()) {
        if (names(target, flight.key.server, flight.key.session)) flight.superseded = true;
      }
      for (const [slot, { key }] of failures)
        if (names(target, key.server, key.session)) failures.delete(slot);
    },
    forget(session: string): void {
      for (const [slot, entry] of stored) if (entry.session === session) stored.delete(slot);
      for (const [slot, { key }] of failures) if (key.session === session) failures.delete(slot);
      for (const flight of flights.values()) if (flight.key.session === session) flight.superseded = true;
    },
  };
}
