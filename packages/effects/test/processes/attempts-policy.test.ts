import { describe, expect, it } from "vitest";
import { enteredByClaimBelow, isLastChance } from "../../src/processes/attempts-policy.ts";

const starts = [0, 1, 2, 3, 4, 5];

describe("attempts of background tasks", () => {
  it("D17 the last two of several are last chances, the first never is, and used up is used up", () => {
    const chances = (maxAttempts: number) => starts.filter((n) => isLastChance(n, maxAttempts));
    expect([1, 2, 3, 5].map(chances)).toEqual([[], [1], [1, 2], [3, 4]]);
  });

  it("D17 a claim enters no last chance, and what may wait for its place only once", () => {
    for (const maxAttempts of [1, 2, 3, 5]) {
      const entered = starts.filter((n) => n < enteredByClaimBelow(maxAttempts, false));
      expect(entered.some((n) => isLastChance(n, maxAttempts) || n >= maxAttempts)).toBe(false);
      expect(enteredByClaimBelow(maxAttempts, true)).toBe(1);
    }
    expect(enteredByClaimBelow(5, false)).toBe(3);
  });
});
