import { type EffectId, type Reserved, reservedForAgents, type TurnLimits, type TurnState } from "@pawl/core";
import type { TurnSpending, Wanted } from "../controller/effect-controller.ts";
import { handingOver } from "./handing-over.ts";

/**
 * The budget of one turn: what its machine counted, what is set aside for agents that work for it, and what attempts hold whose cost
 * is not known yet. An attempt that ended without an outcome (a crash) keeps its hold: it counts as spent (D13). Money is in integer
 * nano US dollars.
 */
export class Spending implements TurnSpending {
  /** Per effect: the hold of the attempt that is under way, if any. */
  readonly #underWay = new Map<EffectId, number>();
  /** By the key of the call: what is set aside until the machine's state holds it. */
  readonly #carved = new Map<string, Reserved>();
  #held = 0;
  #state: () => TurnState;

  /** `lost`: holds of attempts that a previous owner began and did not settle. */
  constructor(state: () => TurnState, lost: number) {
    this.#state = state;
    this.#held = lost;
  }

  /** What may still be spent under this budget. */
  free(budgetNanoUsd: number): number {
    const state = this.#state();
    const carved = this.#sumOfCarved(({ costNanoUsd = 0 }) => costNanoUsd);
    const aside = reservedForAgents(state).costNanoUsd + carved;
    return budgetNanoUsd + state.granted.costNanoUsd - (state.usage.costNanoUsd ?? 0) - aside - this.#held;
  }

  /** Synchronous, so that two calls at once cannot both take the last cent. @returns false when it does not fit */
  hold(effectId: EffectId, nanoUsd: number, budgetNanoUsd: number): boolean {
    if (nanoUsd > this.free(budgetNanoUsd)) return false;
    this.#underWay.set(effectId, nanoUsd);
    this.#held += nanoUsd;
    return true;
  }

  heldFor(effectId: EffectId): number | undefined {
    return this.#underWay.get(effectId);
  }

  /** The attempt's outcome is recorded: its cost is in the usage now. */
  settle(effectId: EffectId): void {
    this.#held -= this.#underWay.get(effectId) ?? 0;
    this.#underWay.delete(effectId);
  }

  /** Synchronous, as `hold` is. */
  carve(callKey: string, want: Wanted, limits: TurnLimits): Reserved | undefined {
    const { maxTokens, maxCostNanoUsd } = limits;
    const tokens = part(want.tokens, maxTokens === undefined ? undefined : this.#freeTokens(maxTokens));
    const freeNanoUsd = maxCostNanoUsd === undefined ? undefined : this.free(maxCostNanoUsd);
    const costNanoUsd = part(want.costNanoUsd, freeNanoUsd);
    if ((tokens ?? 1) < 1 || (costNanoUsd ?? 1) < 1) return undefined;
    const carved: Reserved = {
      ...(tokens !== undefined && { tokens }),
      ...(costNanoUsd !== undefined && { costNanoUsd }),
    };
    this.#carved.set(callKey, carved);
    return carved;
  }

  carved(callKey: string, reserved: Reserved): void {
    this.#carved.set(callKey, reserved);
  }

  #freeTokens(maxTokens: number): number {
    const state = this.#state();
    const used = state.usage.inputTokens + state.usage.outputTokens;
    const carved = this.#sumOfCarved(({ tokens = 0 }) => tokens);
    return maxTokens + state.granted.tokens - used - reservedForAgents(state).tokens - carved;
  }

  /** What the machine's state holds by now is not counted twice. */
  #sumOfCarved(amount: (carved: Reserved) => number): number {
    let sum = 0;
    for (const key of handingOver(this.#state())) sum += amount(this.#carved.get(key) ?? {});
    return sum;
  }
}

function part(want: number | undefined, free: number | undefined): number | undefined {
  if (free === undefined) return want;
  return Math.floor(Math.min(want ?? free / 2, free));
}
