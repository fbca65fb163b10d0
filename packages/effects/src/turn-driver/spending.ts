import type { EffectId, TurnState } from "@pawl/core";
import type { TurnSpending } from "../controller/effect-controller.ts";

/**
 * The money of one turn: what its machine counted, and what attempts hold whose cost is not known yet. An attempt that ended
 * without an outcome (a crash) keeps its hold: it counts as spent (D13). All amounts are integer nano US dollars.
 */
export class Spending implements TurnSpending {
  /** Per effect: the hold of the attempt that is under way, if any. */
  readonly #underWay = new Map<EffectId, number>();
  #held = 0;
  #state: () => TurnState;

  /** `lost`: holds of attempts that a previous owner began and did not settle. */
  constructor(state: () => TurnState, lost: number) {
    this.#state = state;
    this.#held = lost;
  }

  /** What may still be spent under this budget. */
  free(budgetNanoUsd: number): number {
    const { usage, granted } = this.#state();
    return budgetNanoUsd + granted.costNanoUsd - (usage.costNanoUsd ?? 0) - this.#held;
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
}
