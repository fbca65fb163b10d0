import type { TurnLimits } from "@pawl/core";
import { z } from "zod";

const amount = z.number().int().positive();

/** Bounds of one turn. Where its agent's are tighter, those hold. */
export const limitsBodySchema = z.strictObject({
  /** Model calls that may use tools. */
  max_iterations: amount.optional(),
  max_no_progress: amount.optional(),
  /** Time spent working, in milliseconds. */
  max_wall_ms: amount.optional(),
  /** Input and output tokens of all model calls. */
  max_tokens: amount.optional(),
  max_cost_nano_usd: amount.optional(),
  max_children: amount.optional(),
  max_depth: amount.optional(),
  /** `wait` counts where the agent waits, too, or has no budget of its own. */
  on_budget: z.enum(["last_answer", "wait"]).optional(),
});

export type LimitsBody = z.infer<typeof limitsBodySchema>;

export function limitsOf(body: LimitsBody): Partial<TurnLimits> {
  const { max_iterations: maxIterations, max_no_progress: maxNoProgress, max_wall_ms: maxWallMs } = body;
  const { max_tokens: maxTokens, max_cost_nano_usd: maxCostNanoUsd } = body;
  const { max_children: maxChildren, max_depth: maxDepth, on_budget: onBudget } = body;
  return {
    ...(maxIterations !== undefined && { maxIterations }),
    ...(maxNoProgress !== undefined && { maxNoProgress }),
    ...(maxWallMs !== undefined && { maxWallMs }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(maxCostNanoUsd !== undefined && { maxCostNanoUsd }),
    ...(maxChildren !== undefined && { maxChildren }),
    ...(maxDepth !== undefined && { maxDepth }),
    ...(onBudget !== undefined && { onBudget }),
  };
}
