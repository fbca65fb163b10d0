import { describe, expect, test, vi } from "vitest";
import { type Discovery, discoveryKey } from "../src/index.ts";
import { key, list, names, server, setUp, type Tool } from "./cache-under-test.ts";

describe("change notices", () => {
  test("C5: a list that was fetched before the notice is fetched again before its next use", async () => {
    const { cache } = setUp();
    await cache.resolve(key, async () => list("v1"));
    cache.invalidate({ server: "docs" });
    expect(cache.classify(key)).toBe("stale");
    expect(names(await cache.resolve(key, async () => list("v2")))).toEqual(["v2"]);
  });

  test("C5, F4: a fetch under way answers those who wait, is not kept, and those who come later share the next", async () => {
    const { cache } = setUp();
    const { refresh, answers } = server();
    const early = cache.resolve(key, refresh);
    await vi.waitFor(() => expect(refresh).toHaveBeenCalledTimes(1), { timeout: 10_000 });
    cache.invalidate({ server: "docs" });
    const late = [cache.resolve(key, refresh), cache.resolve(key, refresh)];
    await answers(list("before"));
    expect(names(await early)).toEqual(["before"]);
    expect(cache.classify(key)).toBe("cold");
    await answers(list("after"));
    for (const result of await Promise.all(late)) expect(names(result)).toEqual(["after"]);
    expect(refresh).toHaveBeenCalledTimes(2);
    expect(cache.stats().discarded).toBe(1);
    expect(names(await cache.resolve(key, refresh))).toEqual(["after"]);
  });

  test("a lost connection makes a list suspect: still used, refreshed behind it", async () => {
    const { cache } = setUp();
    await cache.resolve(key, async () => list("v1"));
    cache.invalidate({ session: "s", server: "docs" }, "suspect");
    const { refresh, answers } = server();
    expect(await cache.resolve(key, refresh)).toMatchObject({ origin: "stale" });
    await answers(list("v2"));
    await vi.waitFor(() => expect(cache.classify(key)).toBe("fresh"), { timeout: 10_000 });
  });

  test("a lost connection does not open the negative window", async () => {
    const { cache } = setUp();
    const refresh = vi.fn(async (): Promise<Discovery<Tool>> => {
      cache.invalidate({ session: "s", server: "docs" }, "suspect");
      throw new Error("crashed");
    });
    await cache.resolve(key, refresh);
    await cache.resolve(key, refresh);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test("only what is named is invalidated", async () => {
    const { cache } = setUp();
    const other = discoveryKey({ session: "s2", server: "docs", configuration: "c" });
    const mail = discoveryKey({ session: "s", server: "mail", configuration: "c" });
    for (const each of [key, other, mail]) await cache.resolve(each, async () => list("a"));
    cache.invalidate({ session: "s", server: "docs" });
    expect([key, other, mail].map((each) => cache.classify(each))).toEqual(["stale", "fresh", "fresh"]);
    cache.invalidate({ session: "s" });
    expect([key, other, mail].map((each) => cache.classify(each))).toEqual(["stale", "fresh", "stale"]);
  });
});
