import type { DiscoveryKey } from "./cache-key.ts";
import type { CacheClock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import { createEntry } from "./discovery-entry.ts";
import type { DiscoveryResult } from "./discovery-result.ts";
import { unavailable } from "./discovery-result.ts";
import type { DiscoveryFailure } from "./errors.ts";
import { DiscoveryError, failureOf } from "./errors.ts";
import { createFailureWindow } from "./failure-window.ts";
import type { Doubt, Freshness, PolicyChoice } from "./freshness.ts";
import { mayServeStale, termsOf } from "./freshness.ts";
import { concerns, type InvalidateTarget } from "./invalidate-target.ts";
import { jsonSizeWithin } from "./json-size.ts";
import { createListStore, type Held } from "./list-store.ts";
import type { Discovery } from "./read-all-pages.ts";
import { createSingleFlight } from "./single-flight.ts";

/*
 * Lists of tools, kept so that a turn never waits for `tools/list` in the usual case.
 *
 * C1  A fresh list comes from memory: no fetch, no copy.
 * C2  Cold callers of a key share one fetch and its result, failures too; so do callers at a time to live of 0.
 * C3  After a failure nobody fetches that key again within the negative window; a failure is never stored as a list.
 * C4  `resolve` never rejects: a failure is part of its answer.
 * C5  A list that was fetched before a change notice is never served as fresh after it.
 * C6  A private list is served to its own session, configuration and principal only.
 * C7  Entries, their number, size and age are bounded; what is too large is refused with a code, never cut.
 * C8  A stale list older than `maxStaleMs` is never served.
 */

export interface DiscoveryCacheOptions {
  /** Time to live of lists whose server and configuration say nothing; default one hour. */
  readonly ttlMs?: number;
  /** Age at which a list is no longer served, not even as stale; default one day. */
  readonly maxStaleMs?: number;
  readonly maxEntries?: number;
  readonly maxToolsPerServer?: number;
  readonly maxBytesPerEntry?: number;
  /** Bound over all entries together. */
  readonly maxBytes?: number;
  /** How long a failure is shared before the next fetch; up to half of it is added at random. */
  readonly negativeTtlMs?: number;
  /** Longest duration of one fetch, all pages included. */
  readonly fetchTimeoutMs?: number;
  readonly policy?: PolicyChoice;
  readonly clock?: CacheClock;
  /** Uniform in [0, 1); spreads the retries of many hosts. */
  readonly random?: () => number;
}

export interface RefreshContext {
  /** Aborted when the fetch has used up its time; no caller's signal. */
  readonly signal: AbortSignal;
  /** Nobody waits for this fetch. */
  readonly background: boolean;
}

/** Fetches a whole list. It may run when its caller has long gone, so it must not hold on to that caller's credentials. */
export type Refresh<Tool> = (context: RefreshContext) => Promise<Discovery<Tool>>;

export interface ResolveOptions {
  /** Ends this caller's wait, never the fetch. */
  readonly signal?: AbortSignal | undefined;
  /** What is configured for this server. */
  readonly ttlMs?: number | undefined;
  readonly policy?: PolicyChoice | undefined;
  /** Fetch even if the list is fresh or a fetch failed just now; still shared. */
  readonly force?: boolean | undefined;
}

export interface DiscoveryStats {
  readonly entries: number;
  readonly bytes: number;
  readonly inFlight: number;
  readonly answers: Readonly<Record<DiscoveryResult<unknown>["origin"], number>>;
  readonly fetches: number;
  readonly failures: number;
  /** Fetched lists that were not kept, because a change notice came while they were being fetched. */
  readonly discarded: number;
}

export interface DiscoveryCache<Tool> {
  /** The tools of `key`, by C1–C8. Never rejects. */
  resolve(
    key: DiscoveryKey,
    refresh: Refresh<Tool>,
    options?: ResolveOptions,
  ): Promise<DiscoveryResult<Tool>>;
  /** Without a fetch: how an answer would be found now. */
  classify(key: DiscoveryKey): Freshness;
  /** Without a fetch: the list that is held, whatever its age; `undefined` if there is none. */
  peek(key: DiscoveryKey): DiscoveryResult<Tool> | undefined;
  /** The list that is held is this very one, as `resolve` gave it, and no notice says that it changed. */
  stillHolds(key: DiscoveryKey, tools: readonly Tool[]): boolean;
  /**
   * Lists that match are no longer fresh. `changed`: they are known to be wrong and are fetched before their next use;
   * `suspect`: they may be. After `changed`, a fetch that is under way answers those who wait for it and is not kept.
   */
  invalidate(target: InvalidateTarget, reason?: Exclude<Doubt, "none">): void;
  /** Drops all that was kept for a session. */
  forgetSession(session: string): void;
  stats(): DiscoveryStats;
}

export function createDiscoveryCache<Tool>(options: DiscoveryCacheOptions = {}): DiscoveryCache<Tool> {
  const {
    ttlMs: defaultTtlMs = 3_600_000,
    maxStaleMs = 86_400_000,
    maxEntries = 1024,
    maxToolsPerServer = 512,
    maxBytesPerEntry = 2 * 1024 * 1024,
    maxBytes = 256 * 1024 * 1024,
    negativeTtlMs = 2_000,
    fetchTimeoutMs = 30_000,
    policy = "auto",
    clock = systemClock,
    random = Math.random,
  } = options;

  const lists = createListStore<Tool>({ maxStaleMs, maxEntries, maxBytes });
  const failures = createFailureWindow(negativeTtlMs, maxEntries, random);
  /** Whose list each running flight fetches, so that a notice finds it. */
  const flown = new Map<string, DiscoveryKey>();
  const flights = createSingleFlight<DiscoveryResult<Tool>>({
    clock,
    timeoutMs: fetchTimeoutMs,
    timedOut: () =>
      new DiscoveryError(
        "mcp_discovery_timeout",
        `The server did not finish listing its tools within ${fetchTimeoutMs} ms. Check that it runs, or raise the limit.`,
      ),
  });
  const answers = { fresh: 0, stale: 0, cold: 0, "stale-on-error": 0, unavailable: 0 };
  let fetches = 0;
  let failed = 0;
  let discarded = 0;

  function accept(
    key: DiscoveryKey,
    discovery: Discovery<Tool>,
    wanted: ResolveOptions,
    superseded: boolean,
  ): DiscoveryResult<Tool> {
    const bytes = jsonSizeWithin(discovery.tools, maxBytesPerEntry);
    if (bytes === undefined || discovery.tools.length > maxToolsPerServer) {
      throw new DiscoveryError(
        "mcp_list_too_large",
        `The server lists more than ${maxToolsPerServer} tools or more than ${maxBytesPerEntry} bytes of them. ` +
          "Raise maxToolsPerServer or maxBytesPerEntry if that is right.",
      );
    }
    const terms = termsOf({
      serverTtlMs: discovery.ttlMs,
      configTtlMs: wanted.ttlMs,
      defaultTtlMs,
      policy: wanted.policy ?? policy,
    });
    const entry = createEntry(key, discovery, terms, clock.now(), bytes);
    failures.clear(key);
    if (superseded) {
      discarded++;
      return entry.cold;
    }
    lists.put(key, entry);
    return entry.cold;
  }

  /** Joins or begins the fetch of `key`; rejects with the fetch's failure. */
  function fetchList(
    key: DiscoveryKey,
    flight: string,
    refresh: Refresh<Tool>,
    wanted: ResolveOptions,
    background: boolean,
  ): Promise<DiscoveryResult<Tool>> {
    return flights.run(
      flight,
      async ({ signal, superseded }) => {
        let settled = false;
        const settle = () => {
          if (settled) return false;
          settled = true;
          flown.delete(flight);
          return true;
        };
        const fail = (thrown: unknown) => {
          if (!settle()) return;
          failed++;
          // What was true before a notice says nothing about the server after it.
          if (superseded()) return;
          failures.note(flight, key, thrown, clock.now());
        };
        // A fetch that hangs never rejects by itself: its failure is what ended the flight.
        signal.addEventListener("abort", () => fail(signal.reason), { once: true });
        flown.set(flight, key);
        fetches++;
        try {
          const discovery = await refresh({ signal, background });
          // Too late to be trusted over what was fetched since.
          signal.throwIfAborted();
          const result = accept(key, discovery, wanted, superseded());
          settle();
          return result;
        } catch (thrown) {
          fail(thrown);
          throw thrown;
        }
      },
      wanted.signal,
    );
  }

  /** What is left to answer when fetching failed. */
  function afterFailure(key: DiscoveryKey, error: DiscoveryFailure): DiscoveryResult<Tool> {
    const left = lists.held(key, clock.now());
    if (left === undefined || left.freshness === "cold") return unavailable(error);
    return { ...left.entry.stale, origin: "stale-on-error", error };
  }

  /** The answer when there is no fresh list, or when one is not good enough. */
  async function answerSlowly(
    key: DiscoveryKey,
    refresh: Refresh<Tool>,
    wanted: ResolveOptions,
    found: Held<Tool> | undefined,
  ): Promise<DiscoveryResult<Tool>> {
    const entry = found?.freshness === "cold" ? undefined : found?.entry;
    if (wanted.force !== true) {
      const now = clock.now();
      const failure = failures.recent(key.privateSlot, now) ?? (entry && failures.recent(entry.slot, now));
      if (failure !== undefined) return afterFailure(key, failure);
      if (entry !== undefined && mayServeStale(entry, now)) {
        // One background refresh per list: all sessions of a public one share it, since none of them waits for it.
        fetchList(key, entry.slot, refresh, { ...wanted, signal: undefined }, true).catch(() => {});
        return entry.stale;
      }
    }
    try {
      return await fetchList(key, key.privateSlot, refresh, wanted, false);
    } catch (thrown) {
      if (wanted.signal?.aborted === true) {
        return afterFailure(key, {
          code: "mcp_discovery_aborted",
          message: "The caller stopped waiting for the list of tools.",
        });
      }
      return afterFailure(key, failureOf(thrown));
    }
  }

  function supersedeFlights(target: InvalidateTarget): void {
    for (const [flight, key] of flown) {
      if (concerns(target, key)) flights.supersede(flight);
    }
  }

  return {
    resolve(key, refresh, wanted = {}) {
      const found = lists.held(key, clock.now());
      if (found?.freshness === "fresh" && wanted.force !== true) {
        answers.fresh++;
        return Promise.resolve(found.entry.fresh);
      }
      return answerSlowly(key, refresh, wanted, found).then((result) => {
        answers[result.origin]++;
        return result;
      });
    },
    classify: (key) => lists.held(key, clock.now())?.freshness ?? "cold",
    stillHolds(key, tools) {
      const entry = lists.held(key, clock.now())?.entry;
      return entry !== undefined && entry.doubt !== "changed" && entry.fresh.tools === tools;
    },
    peek(key) {
      const found = lists.held(key, clock.now());
      return found?.freshness === "fresh" ? found.entry.fresh : found?.entry.stale;
    },
    invalidate(target, reason = "changed") {
      lists.doubt(target, reason);
      if (reason === "suspect") return;
      supersedeFlights(target);
      // A server that speaks is alive again.
      failures.clearConcerned(target);
    },
    forgetSession(session) {
      supersedeFlights({ session });
      lists.forgetSession(session);
      failures.clearConcerned({ session });
    },
    stats: () => ({
      entries: lists.size,
      bytes: lists.bytes,
      inFlight: flights.size,
      answers: { ...answers },
      fetches,
      failures: failed,
      discarded,
    }),
  };
}
