import type { EffectEnvelope } from "@pawl/core";
import type { EffectContext } from "../controller/effect-controller.ts";
import type { Guard } from "../controller/journaled.ts";
import { refusalOutcome } from "./refusal.ts";

/** What an effect will cost at most, in integer nano US dollars; undefined where nobody can say. */
export type CostEstimate = (envelope: EffectEnvelope, context: EffectContext) => number | undefined;

/**
 * Reserves before the call (D13): what was spent, what unsettled attempts may have cost, and this call together must fit into
 * the turn's budget. Without a budget, or without an estimate, nothing is refused; the machine's limit then ends the turn after the
 * call that went over it.
 */
export function budgetGuard(estimate: CostEstimate): Guard {
  return async (envelope, context) => {
    const { turn } = context;
    const budget = turn?.config.limits.maxCostNanoUsd;
    const cost = estimate(envelope, context);
    if (turn === undefined || budget === undefined || cost === undefined) return undefined;
    if (turn.spending.hold(envelope.effectId, cost, budget)) return undefined;
    const left = Math.max(0, turn.spending.free(budget));
    const message = `This call may cost ${cost} nano USD and ${left} are left. Grant more, or do without it.`;
    return refusalOutcome(envelope.command, { code: "budget_exhausted", message });
  };
}
