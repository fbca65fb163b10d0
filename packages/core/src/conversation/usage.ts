/**
 * What model calls consumed. Tokens are counts; `reasoningTokens` is a part of `outputTokens` and
 * `cachedInputTokens` a part of `inputTokens`, never added twice. Money is in integer nano US dollars (1e-9 USD), so
 * that sums are exact; it is absent where the price is not known.
 */
export interface Usage {
  readonly modelCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly cachedInputTokens: number;
  readonly costNanoUsd?: number;
}

export const NO_USAGE: Usage = {
  modelCalls: 0,
  inputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  cachedInputTokens: 0,
};

/** The sum; the cost of a sum is known when at least one summand's is. */
export function addUsage(a: Usage, b: Usage): Usage {
  const sum = {
    modelCalls: a.modelCalls + b.modelCalls,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
  };
  if (a.costNanoUsd === undefined && b.costNanoUsd === undefined) return sum;
  return { ...sum, costNanoUsd: (a.costNanoUsd ?? 0) + (b.costNanoUsd ?? 0) };
}
