import { PawlError } from "@pawl/core";
import { describe, expect, it } from "vitest";
import { afterFailedRenewal, leaseEndsAt, renewalDueAt } from "../src/internal.ts";

const TIMES = { ttlMs: 15_000, renewedAt: 1_000 };
const fenced = new PawlError("store_fenced", "Taken over.");
const unreachable = new PawlError("store_unreachable", "No route.", { blame: "infrastructure" });

describe("the lease policy", () => {
  it("leaves room for three renewals within a time to live", () => {
    expect(renewalDueAt(1_000, TIMES)).toBe(6_000);
    expect(renewalDueAt(1_000, { ttlMs: 1 })).toBe(1_001);
    expect(leaseEndsAt(TIMES)).toBe(16_000);
  });

  it.each([
    ["a refusal, at once", fenced, 1_001, "lost"],
    ["a refusal after the end", fenced, 20_000, "lost"],
    ["a failure before the end", unreachable, 15_999, "doubtful"],
    ["a failure at the end", unreachable, 16_000, "lost"],
    ["something that is no error of ours", new Error("?"), 2_000, "doubtful"],
  ] as const)("%s", (_what, thrown, now, becomes) => {
    expect(afterFailedRenewal(thrown, now, TIMES)).toBe(becomes);
  });
});
