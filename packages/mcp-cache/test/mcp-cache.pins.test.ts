import { expect, test } from "vitest";
import * as mcpCache from "../src/index.ts";

test("the public names", () => {
  expect(Object.keys(mcpCache).sort()).toEqual([
    "DiscoveryError",
    "createDiscoveryCache",
    "createSingleFlight",
    "discoveryKey",
    "fingerprint",
    "freshnessOf",
    "readAllPages",
    "systemClock",
    "termsOf",
  ]);
});

test("a fingerprint does not depend on the order of members, and says nothing of what it was made from", async () => {
  const one = await mcpCache.fingerprint({ b: [1, { d: "secret", c: 2 }], a: null });
  expect(one).toBe(await mcpCache.fingerprint({ a: null, b: [1, { c: 2, d: "secret" }] }));
  expect(one).toMatch(/^[0-9a-f]{32}$/);
  expect(one).not.toBe(await mcpCache.fingerprint({ a: null, b: [1, { c: 2, d: "other" }] }));
});
