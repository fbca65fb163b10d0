import { describe, expect, test } from "vitest";
import { freshnessOf, MAX_SKEW_MS, mayServeStale } from "../src/freshness.ts";

const entry = { fetchedAt: 1_000_000, ttlMs: 1_000, doubt: "none" as const, policy: "strict" as const };
const DAY = 86_400_000;

describe("freshness", () => {
  test.each([
    ["just fetched", 0, "fresh"],
    ["one millisecond before its time is over", 999, "fresh"],
    ["at its time to live", 1_000, "stale"],
    ["one millisecond before it is too old", DAY - 1, "stale"],
    ["too old", DAY, "cold"],
    ["from the future, within what clocks may differ", -MAX_SKEW_MS, "fresh"],
    ["from the future, beyond it", -MAX_SKEW_MS - 1, "cold"],
  ] as const)("%s", (_, age, expected) => {
    expect(freshnessOf(entry, entry.fetchedAt + age, DAY)).toBe(expected);
  });

  test("a time to live of 0 is stale at once, and longer than the longest age it still ends", () => {
    expect(freshnessOf({ ...entry, ttlMs: 0 }, entry.fetchedAt, DAY)).toBe("stale");
    expect(freshnessOf({ ...entry, ttlMs: 10 }, entry.fetchedAt + 10, 5)).toBe("cold");
  });
});

describe("a stale list is used while it is refreshed", () => {
  const late = entry.fetchedAt + 1_000;
  const early = entry.fetchedAt + 1;
  test.each([
    ["swr", { policy: "swr" as const }, late, true],
    ["strict", {}, late, false],
    ["strict, but only a connection was lost", { doubt: "suspect" as const }, early, true],
    ["strict, and its time is over as well", { doubt: "suspect" as const }, late, false],
    [
      "never when it is known to be wrong",
      { policy: "swr" as const, doubt: "changed" as const },
      early,
      false,
    ],
  ])("%s", (_, more, now, expected) => {
    expect(mayServeStale({ ...entry, ...more }, now)).toBe(expected);
  });
});
