import type { LanguageModelV4Usage } from "@ai-sdk/provider";
import { PawlError, type Usage } from "@pawl/core";

/** Prices per token in nano US dollars: 1 USD per million tokens is 1000. Fractions are allowed. */
export interface Price {
  readonly inputNanoUsd: number;
  readonly outputNanoUsd: number;
  /** Input that the provider read from its cache; `inputNanoUsd` when absent. */
  readonly cachedInputNanoUsd?: number;
}

/** @throws PawlError `invalid_price` for what is not a number ≥ 0 */
export function checkPrice(price: Price): Price {
  for (const [name, value] of Object.entries(price)) {
    if (value === undefined || (Number.isFinite(value) && value >= 0)) continue;
    throw new PawlError(
      "invalid_price",
      `The price ${name} must be a number of nano US dollars per token, 0 or more (1 USD per million tokens is 1000).`,
    );
  }
  return price;
}

/**
 * What one answer consumed. Counts that the provider does not give are 0; the cost is rounded to whole nano US
 * dollars, and absent without a price.
 */
export function toUsage(counted: LanguageModelV4Usage | undefined, price: Price | undefined): Usage {
  const input = counted?.inputTokens;
  const output = counted?.outputTokens;
  const usage: Usage = {
    modelCalls: 1,
    inputTokens: count(input?.total ?? sum(input?.noCache, input?.cacheRead, input?.cacheWrite)),
    outputTokens: count(output?.total ?? sum(output?.text, output?.reasoning)),
    reasoningTokens: count(output?.reasoning),
    cachedInputTokens: count(input?.cacheRead),
  };
  return price === undefined ? usage : { ...usage, costNanoUsd: cost(usage, price) };
}

function cost(usage: Usage, price: Price): number {
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  return Math.round(
    (usage.inputTokens - cached) * price.inputNanoUsd +
      cached * (price.cachedInputNanoUsd ?? price.inputNanoUsd) +
      usage.outputTokens * price.outputNanoUsd,
  );
}

function sum(...counts: readonly (number | undefined)[]): number {
  return counts.reduce<number>((total, n) => total + count(n), 0);
}

/** Providers are not trusted to count in whole positive numbers. */
function count(n: number | undefined): number {
  return n !== undefined && Number.isFinite(n) && n > 0 ? Math.round(n) : 0;
}
