import { expect, test } from "vitest";
import { addUsage, limitReached, NO_USAGE, type TurnLimits, textOf, type Usage } from "../../src/index.ts";

const used = (tokens: number, costNanoUsd?: number): Usage => ({
  modelCalls: 1,
  inputTokens: tokens,
  outputTokens: tokens,
  reasoningTokens: 1,
  cachedInputTokens: 2,
  ...(costNanoUsd !== undefined && { costNanoUsd }),
});

test("usage adds up, and nothing plus nothing has no price", () => {
  expect(addUsage(NO_USAGE, NO_USAGE)).toEqual(NO_USAGE);
  expect(addUsage(used(5), used(7))).toEqual({
    modelCalls: 2,
    inputTokens: 12,
    outputTokens: 12,
    reasoningTokens: 2,
    cachedInputTokens: 4,
  });
  expect(addUsage(used(1, 300), used(1)).costNanoUsd).toBe(300);
  expect(addUsage(used(1, 300), used(1, 3)).costNanoUsd).toBe(303);
});

test("money is exact: a thousand tenths of a cent are ten cents", () => {
  let sum = NO_USAGE;
  for (let i = 0; i < 1_000; i++) sum = addUsage(sum, used(0, 100_000));
  expect(sum.costNanoUsd).toBe(100_000_000);
});

test("limits are looked at in one order, and top-ups count", () => {
  const limits: TurnLimits = {
    maxIterations: 2,
    maxNoProgress: 2,
    maxWallMs: 1,
    maxTokens: 10,
    maxCostNanoUsd: 10,
    onBudget: "wait",
  };
  const facts = { iteration: 0, noProgress: 0, usage: NO_USAGE, granted: { tokens: 0, costNanoUsd: 0 } };
  expect(limitReached(limits, facts)).toBeUndefined();
  const spent = { ...facts, usage: used(5, 10) };
  expect(limitReached(limits, spent)).toBe("tokens");
  expect(limitReached(limits, { ...spent, granted: { tokens: 1, costNanoUsd: 0 } })).toBe("cost");
  expect(limitReached(limits, { ...spent, granted: { tokens: 1, costNanoUsd: 1 } })).toBeUndefined();
  expect(limitReached(limits, { ...spent, noProgress: 2 })).toBe("no_progress");
  expect(limitReached(limits, { ...spent, noProgress: 2, iteration: 2 })).toBe("iterations");
});

test("reasoning is a part of the output tokens and not counted twice", () => {
  const limits: TurnLimits = {
    maxIterations: 9,
    maxNoProgress: 9,
    maxWallMs: 1,
    maxTokens: 11,
    onBudget: "wait",
  };
  const usage = { ...used(5), reasoningTokens: 5, cachedInputTokens: 5 };
  const granted = { tokens: 0, costNanoUsd: 0 };
  expect(limitReached(limits, { iteration: 0, noProgress: 0, usage, granted })).toBeUndefined();
});

test("the text of a message is that of its text parts", () => {
  const parts = [
    { type: "text", text: "a" },
    { type: "reasoning", text: "no" },
    { type: "text", text: "b" },
  ] as const;
  expect(textOf({ id: "m", role: "assistant", parts })).toBe("ab");
});
