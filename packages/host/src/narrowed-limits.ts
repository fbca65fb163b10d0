import type { TurnLimits } from "@pawl/core";

const AMOUNTS = [
  "maxIterations",
  "maxNoProgress",
  "maxWallMs",
  "maxTokens",
  "maxCostNanoUsd",
  "maxChildren",
  "maxDepth",
] as const satisfies readonly (keyof TurnLimits)[];

/**
 * The tighter of both, for each bound. Pure. A turn may wait for more of a budget only where its agent does, or has none of its own: what
 * is granted then could reach beyond what the agent was made for.
 */
export function narrowedLimits(own: TurnLimits, by: Partial<TurnLimits>): TurnLimits {
  const limits: { -readonly [Name in keyof TurnLimits]: TurnLimits[Name] } = { ...own };
  for (const name of AMOUNTS) {
    const amount = by[name];
    if (amount !== undefined) limits[name] = Math.min(amount, own[name] ?? amount);
  }
  const isUnbound = own.maxTokens === undefined && own.maxCostNanoUsd === undefined;
  if (by.onBudget === "last_answer" || (by.onBudget === "wait" && isUnbound)) limits.onBudget = by.onBudget;
  return limits;
}
