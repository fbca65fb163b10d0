import { describe, expect, it } from "vitest";
import { claimAhead, claimLimit } from "../../src/processes/claim-ahead.ts";

const concurrency = 16;

describe("how much is claimed beyond the free places", () => {
  it("nothing, while bodies take longer than a claim", () => {
    expect(claimAhead(0, { concurrency, full: true, busy: 1, waiting: 0 })).toBe(0);
    expect(claimLimit({ concurrency, busy: 13, ahead: 0, waiting: 0 })).toBe(3);
    expect(claimLimit({ concurrency, busy: 16, ahead: 0, waiting: 0 })).toBe(0);
  });

  it("more and more while every place is empty when a full claim answers, up to a bound", () => {
    const grown = [1, 2, 3, 4, 5].reduce<number[]>(
      (all) => [...all, claimAhead(all.at(-1)!, { concurrency, full: true, busy: 0, waiting: 0 })],
      [0],
    );
    expect(grown).toEqual([0, 16, 32, 64, 64, 64]);
  });

  it("less when something still waits for a place, and nothing when the queue is empty", () => {
    expect(claimAhead(64, { concurrency, full: true, busy: 16, waiting: 5 })).toBe(32);
    expect(claimAhead(1, { concurrency, full: true, busy: 16, waiting: 1 })).toBe(0);
    expect(claimAhead(64, { concurrency, full: false, busy: 0, waiting: 0 })).toBe(0);
  });

  it("no handful while half of what may wait is still there", () => {
    expect(claimLimit({ concurrency, busy: 16, ahead: 64, waiting: 40 })).toBe(0);
    expect(claimLimit({ concurrency, busy: 16, ahead: 64, waiting: 32 })).toBe(32);
    expect(claimLimit({ concurrency, busy: 16, ahead: 0, waiting: 5 })).toBe(0);
  });
});
