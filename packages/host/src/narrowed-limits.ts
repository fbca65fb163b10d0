import type { TurnLimits } from "@pawl/core";

/**
 * The tighter of both, for each bound. Pure. A turn may wait for more of a budget only where its agent does, or has none of its own: what
 * is granted then could reach beyond what the agent was made for.
 */
export function narrowedLimits(own: TurnLimits, by: Partial<TurnLimits>): TurnLimits {
  const { onBudget, ...amounts } = by;
  const limits: { -readonly [Name in keyof TurnLimits]: TurnLimits[Name] } = { ...own };
  for (const name of Object.keys(amounts) as (keyof typeof amounts)[]) {
    const amount = amounts[name];
    if (amount !== undefined) limits[name] = Math.min(amount, own[name] ?? amount);
  }
  const isUnbound = own.maxTokens === undefined && own.maxCostNanoUsd === undefined;
  if (onBudget === "last_answer" || (onBudget === "wait" && isUnbound)) limits.onBudget = onBudget;
  return limits;
}
