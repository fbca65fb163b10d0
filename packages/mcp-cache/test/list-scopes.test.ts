import { describe, expect, test, vi } from "vitest";
import { type DiscoveryKey, discoveryKey } from "../src/index.ts";
import { HOUR, list, names, setUp } from "./cache-under-test.ts";

describe("who may see what", () => {
  const of = (session: string, principal?: string): DiscoveryKey =>
    discoveryKey({ session, server: "docs", configuration: "c", principal });

  test("C6: private lists never cross sessions, principals or configurations", async () => {
    const { cache } = setUp();
    await cache.resolve(of("s", "ann"), async () => ({
      ...list("secret"),
      ttlMs: HOUR,
      cacheScope: "private",
    }));
    const others = [
      of("s", "bob"),
      of("s2", "ann"),
      of("s"),
      discoveryKey({ session: "s", server: "docs", configuration: "other", principal: "ann" }),
    ];
    for (const other of others) {
      expect(cache.classify(other)).toBe("cold");
      expect(names(await cache.resolve(other, async () => list("own")))).toEqual(["own"]);
    }
  });

  test("a list that the server declares public is shared by its sessions", async () => {
    const { cache } = setUp();
    await cache.resolve(of("s", "ann"), async () => ({ ...list("open"), ttlMs: HOUR, cacheScope: "public" }));
    const refresh = vi.fn(async () => list("never"));
    expect(names(await cache.resolve(of("s2", "bob"), refresh))).toEqual(["open"]);
    expect(refresh).not.toHaveBeenCalled();
  });

  test("C6: when a public list turns private, the public one is gone", async () => {
    const { cache, clock } = setUp();
    await cache.resolve(of("s", "ann"), async () => ({ ...list("open"), ttlMs: HOUR, cacheScope: "public" }));
    clock.advance(HOUR);
    await cache.resolve(of("s", "ann"), async () => ({
      ...list("hers"),
      ttlMs: HOUR,
      cacheScope: "private",
    }));
    expect(cache.classify(of("s2", "bob"))).toBe("cold");
    expect(names(cache.peek(of("s", "ann"))!)).toEqual(["hers"]);
  });

  test("slots are unambiguous whatever the parts contain", () => {
    const a = discoveryKey({ session: 'a","b', server: "c", configuration: "d" });
    const b = discoveryKey({ session: "a", server: 'b","c', configuration: "d" });
    expect(a.privateSlot).not.toBe(b.privateSlot);
  });
});
