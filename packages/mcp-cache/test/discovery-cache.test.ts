import { describe, expect, test, vi } from "vitest";
import { type Discovery, discoveryKey } from "../src/index.ts";
import { HOUR, key, list, names, server, setUp, type Tool } from "./cache-under-test.ts";

describe("what the cache has always promised", () => {
  test("cold fetches then serves from cache", async () => {
    const { cache } = setUp();
    const refresh = vi.fn(async () => list("docs__search"));
    expect(names(await cache.resolve(key, refresh))).toEqual(["docs__search"]);
    expect(names(await cache.resolve(key, refresh))).toEqual(["docs__search"]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test("cold failure returns empty and does not cache", async () => {
    const { cache, clock } = setUp({ negativeTtlMs: 2_000 });
    const refresh = vi.fn(async (): Promise<Discovery<Tool>> => {
      throw new Error("down");
    });
    const failed = await cache.resolve(key, refresh);
    expect(failed).toMatchObject({ tools: [], origin: "unavailable", error: { message: "down" } });
    expect(cache.classify(key)).toBe("cold");
    // C3: the negative window delays the next fetch, and only that.
    expect((await cache.resolve(key, refresh)).error).toEqual(failed.error);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(cache.classify(key)).toBe("cold");
    clock.advance(2_000);
    await cache.resolve(key, refresh);
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  test("concurrent cold callers are single flight", async () => {
    const { cache } = setUp();
    const { refresh, answers } = server();
    const callers = Array.from({ length: 16 }, () => cache.resolve(key, refresh));
    await answers(list("docs__search"));
    for (const result of await Promise.all(callers)) expect(names(result)).toEqual(["docs__search"]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test("stale serves cached then revalidates in background", async () => {
    const { cache, clock } = setUp();
    const { refresh, answers } = server();
    const first = cache.resolve(key, refresh);
    await answers(list("v1"));
    await first;
    clock.advance(HOUR);
    const stale = await cache.resolve(key, refresh);
    expect(stale).toMatchObject({ origin: "stale", policy: "swr" });
    expect(names(stale)).toEqual(["v1"]);
    await answers(list("v2"));
    await vi.waitFor(() => expect(names(cache.peek(key)!)).toEqual(["v2"]), { timeout: 10_000 });
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  test("an age equal to the time to live is stale", async () => {
    const { cache, clock } = setUp({ ttlMs: 1_000 });
    await cache.resolve(key, async () => list("a"));
    clock.advance(999);
    expect(cache.classify(key)).toBe("fresh");
    clock.advance(1);
    expect(cache.classify(key)).toBe("stale");
  });
});

describe("fresh", () => {
  test("C1: every hit is the same object, and nobody can change it", async () => {
    const { cache } = setUp();
    const refresh = async () => list("a");
    await cache.resolve(key, refresh);
    const [one, two] = [await cache.resolve(key, refresh), await cache.resolve(key, refresh)];
    expect(one).toBe(two);
    expect(one.origin).toBe("fresh");
    expect(Object.isFrozen(one) && Object.isFrozen(one.tools)).toBe(true);
  });

  test.each([
    ["the server's hint first", { serverTtlMs: 5_000, configTtlMs: 7_000 }, 5_000, "server", "strict"],
    ["then configuration", { configTtlMs: 7_000 }, 7_000, "config", "swr"],
    ["then one hour", {}, HOUR, "default", "swr"],
    ["a hint of more than a day is a day", { serverTtlMs: 10 * 86_400_000 }, 86_400_000, "server", "strict"],
    ["a negative hint is none at all", { serverTtlMs: -1 }, 0, "server", "strict"],
  ] as const)("time to live: %s", async (_, terms, ttlMs, ttlSource, policy) => {
    const { cache } = setUp();
    const discovery = { ...list("a"), ttlMs: "serverTtlMs" in terms ? terms.serverTtlMs : undefined };
    const result = await cache.resolve(key, async () => discovery, {
      ttlMs: "configTtlMs" in terms ? terms.configTtlMs : undefined,
    });
    expect(result).toMatchObject({ ttlSource, policy });
    expect(result.expiresAt! - result.fetchedAt!).toBe(ttlMs);
  });
});

describe("single flight", () => {
  test("C2: callers share a failure, and nobody waits for a second time-out", async () => {
    const { cache } = setUp();
    const { refresh, fails } = server();
    const callers = Array.from({ length: 100 }, () => cache.resolve(key, refresh));
    await fails("down");
    for (const result of await Promise.all(callers)) expect(result.error?.message).toBe("down");
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test("C2: it holds at a time to live of 0", async () => {
    const { cache } = setUp();
    const { refresh, answers } = server();
    const callers = Array.from({ length: 10 }, () => cache.resolve(key, refresh));
    await answers({ ...list("a"), ttlMs: 0 });
    await Promise.all(callers);
    expect(refresh).toHaveBeenCalledTimes(1);
    const again = Array.from({ length: 10 }, () => cache.resolve(key, refresh));
    await answers({ ...list("b"), ttlMs: 0 });
    for (const result of await Promise.all(again)) expect(names(result)).toEqual(["b"]);
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  test("F2: a caller that aborts stops waiting; the fetch serves the others", async () => {
    const { cache } = setUp();
    const { refresh, answers } = server();
    const abort = new AbortController();
    const leaver = cache.resolve(key, refresh, { signal: abort.signal });
    const stayer = cache.resolve(key, refresh);
    abort.abort();
    expect(await leaver).toMatchObject({ origin: "unavailable", error: { code: "mcp_discovery_aborted" } });
    await answers(list("a"));
    expect(names(await stayer)).toEqual(["a"]);
    expect(cache.classify(key)).toBe("fresh");
  });

  test("F3: a server that hangs costs one time-out, which is shared and remembered", async () => {
    const { cache, clock } = setUp({ fetchTimeoutMs: 30_000 });
    const refresh = vi.fn(() => new Promise<Discovery<Tool>>(() => {}));
    const callers = [cache.resolve(key, refresh), cache.resolve(key, refresh)];
    await vi.waitFor(() => expect(refresh).toHaveBeenCalled(), { timeout: 10_000 });
    clock.advance(30_000);
    for (const result of await Promise.all(callers)) expect(result.error?.code).toBe("mcp_discovery_timeout");
    expect((await cache.resolve(key, refresh)).error?.code).toBe("mcp_discovery_timeout");
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(cache.stats()).toMatchObject({ failures: 1, inFlight: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  test("a fetch that answers after its time is not kept", async () => {
    const { cache, clock } = setUp({ fetchTimeoutMs: 1_000, negativeTtlMs: 0 });
    const slow = server();
    const waiting = cache.resolve(key, slow.refresh);
    await vi.waitFor(() => expect(slow.refresh).toHaveBeenCalled(), { timeout: 10_000 });
    clock.advance(1_000);
    await waiting;
    await cache.resolve(key, async () => list("new"));
    await slow.answers(list("old"));
    await Promise.resolve();
    expect(names(cache.peek(key)!)).toEqual(["new"]);
  });
});

describe("stale", () => {
  test("strict: a stale list is fetched before use, and used when that fails", async () => {
    const { cache, clock } = setUp({ policy: "strict" });
    await cache.resolve(key, async () => list("v1"));
    clock.advance(HOUR);
    const kept = await cache.resolve(key, async () => {
      throw new Error("down");
    });
    expect(kept).toMatchObject({ origin: "stale-on-error", error: { message: "down" } });
    expect(names(kept)).toEqual(["v1"]);
    clock.advance(2_000);
    expect(names(await cache.resolve(key, async () => list("v2")))).toEqual(["v2"]);
  });

  test("swr: a failing background refresh is told and not repeated within the window", async () => {
    const { cache, clock } = setUp();
    await cache.resolve(key, async () => list("v1"));
    clock.advance(HOUR);
    const refresh = vi.fn(async (): Promise<Discovery<Tool>> => {
      throw new Error("down");
    });
    expect((await cache.resolve(key, refresh)).origin).toBe("stale");
    await vi.waitFor(() => expect(cache.stats().failures).toBe(1), { timeout: 10_000 });
    expect(await cache.resolve(key, refresh)).toMatchObject({
      origin: "stale-on-error",
      error: { message: "down" },
    });
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test("C8: past its longest age a list is as if it had never been fetched", async () => {
    const { cache, clock } = setUp({ maxStaleMs: 2 * HOUR });
    await cache.resolve(key, async () => list("v1"));
    clock.advance(2 * HOUR);
    expect(cache.classify(key)).toBe("cold");
    const result = await cache.resolve(key, async () => {
      throw new Error("down");
    });
    expect(result).toMatchObject({ tools: [], origin: "unavailable" });
  });
});

describe("bounds", () => {
  test("C7: a list with too many tools is refused with a code", async () => {
    const { cache } = setUp({ maxToolsPerServer: 2 });
    const result = await cache.resolve(key, async () => list("a", "b", "c"));
    expect(result).toMatchObject({ tools: [], error: { code: "mcp_list_too_large" } });
  });

  test("C7: a list with too many bytes is refused with a code", async () => {
    const { cache } = setUp({ maxBytesPerEntry: 100 });
    const result = await cache.resolve(key, async () => list("x".repeat(200)));
    expect(result.error?.code).toBe("mcp_list_too_large");
  });

  test("C7: the oldest entries leave first, never the one just written", async () => {
    const { cache } = setUp({ maxEntries: 2 });
    const keys = ["1", "2", "3"].map((session) =>
      discoveryKey({ session, server: "docs", configuration: "c" }),
    );
    for (const each of keys) await cache.resolve(each, async () => list("a"));
    expect(keys.map((each) => cache.classify(each))).toEqual(["cold", "fresh", "fresh"]);
  });

  test("a forgotten session leaves nothing, not even through a fetch that was under way", async () => {
    const { cache } = setUp();
    const { refresh, answers } = server();
    const waiting = cache.resolve(key, refresh);
    await vi.waitFor(() => expect(refresh).toHaveBeenCalled(), { timeout: 10_000 });
    cache.forgetSession("s");
    await answers(list("a"));
    expect(names(await waiting)).toEqual(["a"]);
    expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0 });
  });
});

test("C4: resolve never rejects, whatever a refresh throws", async () => {
  for (const thrown of [new Error("x"), "text", undefined, null, { code: 1 }]) {
    const { cache } = setUp();
    const result = await cache.resolve(key, () => {
      throw thrown;
    });
    expect(result.origin).toBe("unavailable");
    expect(result.error?.code).toBe("mcp_discovery_failed");
  }
});

test("force fetches although the list is fresh, and is shared as well", async () => {
  const { cache } = setUp();
  await cache.resolve(key, async () => list("v1"));
  const refresh = vi.fn(async () => list("v2"));
  const both = await Promise.all([1, 2].map(() => cache.resolve(key, refresh, { force: true })));
  expect(both.map(names)).toEqual([["v2"], ["v2"]]);
  expect(refresh).toHaveBeenCalledTimes(1);
});
