import type { Usage } from "@pawl/core";
import { z } from "zod";

const count = z.number().int().nonnegative();

/** Tokens are counts; money is in integer nano US dollars, absent where the price is not known. */
export const usageSchema = z.object({
  model_calls: count,
  input_tokens: count,
  output_tokens: count,
  reasoning_tokens: count,
  cached_input_tokens: count,
  cost_nano_usd: count.optional(),
});

export type WireUsage = z.infer<typeof usageSchema>;

export function wireUsage(usage: Usage): WireUsage {
  return {
    model_calls: usage.modelCalls,
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    reasoning_tokens: usage.reasoningTokens,
    cached_input_tokens: usage.cachedInputTokens,
    ...(usage.costNanoUsd !== undefined && { cost_nano_usd: usage.costNanoUsd }),
  };
}
