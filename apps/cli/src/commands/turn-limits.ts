import type { LimitsBody } from "@pawl/http";

/** Bounds of one turn, as the command line names them. */
export interface LimitOptions {
  readonly maxTokens?: number;
  readonly maxUsd?: number;
  readonly maxIterations?: number;
  readonly maxSeconds?: number;
  readonly onBudget?: "last_answer" | "wait";
}

/** Undefined when none is given. */
export function limitsIn(options: LimitOptions): LimitsBody | undefined {
  const { maxTokens, maxUsd, maxIterations, maxSeconds, onBudget } = options;
  const limits: LimitsBody = {
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    ...(maxUsd !== undefined && { max_cost_nano_usd: Math.max(1, Math.round(maxUsd * 1e9)) }),
    ...(maxIterations !== undefined && { max_iterations: maxIterations }),
    ...(maxSeconds !== undefined && { max_wall_ms: Math.max(1, Math.round(maxSeconds * 1000)) }),
    ...(onBudget !== undefined && { on_budget: onBudget }),
  };
  return Object.keys(limits).length === 0 ? undefined : limits;
}
