import { describe, expect, it } from "vitest";
import { checkPrice, toUsage } from "../src/usage.ts";
import { USAGE } from "./scripted-language-model.ts";

const NONE = { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined };
const NO_OUTPUT = { total: undefined, text: undefined, reasoning: undefined };

describe("usage", () => {
  it("counts cached input and reasoning as parts of the totals", () => {
    expect(toUsage(USAGE, undefined)).toEqual({
      modelCalls: 1,
      inputTokens: 10,
      outputTokens: 5,
      reasoningTokens: 2,
      cachedInputTokens: 4,
    });
  });

  it("is 0 where the provider counts nothing, and adds up where it gives no total", () => {
    const none = { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedInputTokens: 0 };
    expect(toUsage({ inputTokens: NONE, outputTokens: NO_OUTPUT }, undefined)).toMatchObject(none);
    expect(toUsage(undefined, undefined)).toMatchObject(none);
    const parts = { ...NONE, noCache: 6, cacheRead: 3, cacheWrite: 1 };
    const counted = { inputTokens: parts, outputTokens: { ...NO_OUTPUT, text: 2, reasoning: 1 } };
    expect(toUsage(counted, undefined)).toMatchObject({ inputTokens: 10, outputTokens: 3 });
  });

  it("does not trust counts that are no counts", () => {
    const odd = { inputTokens: { ...NONE, total: Number.NaN }, outputTokens: { ...NO_OUTPUT, total: -3 } };
    expect(toUsage(odd, undefined)).toMatchObject({ inputTokens: 0, outputTokens: 0 });
  });

  it.each([
    [{ inputNanoUsd: 100, outputNanoUsd: 1000 }, 6000],
    [{ inputNanoUsd: 100, outputNanoUsd: 1000, cachedInputNanoUsd: 10 }, 5640],
    [{ inputNanoUsd: 37.5, outputNanoUsd: 0.01 }, 375],
    [{ inputNanoUsd: 0, outputNanoUsd: 0 }, 0],
  ])("costs whole nano dollars at %j", (price, cost) => {
    expect(toUsage(USAGE, price).costNanoUsd).toBe(cost);
  });

  it("has no cost without a price", () => {
    expect(toUsage(USAGE, undefined)).not.toHaveProperty("costNanoUsd");
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("refuses the price %s", (inputNanoUsd) => {
    expect(() => checkPrice({ inputNanoUsd, outputNanoUsd: 1 })).toThrow(
      expect.objectContaining({ code: "invalid_price" }),
    );
  });
});
