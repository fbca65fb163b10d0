import { type Amounts, Decimal } from "./amount.ts";

export type Spending = "spent" | "not_budgeted" | "rejected";

/**
 * What is left of one job's budget, per currency.
 *
 * B1 A counter goes down by exactly what is reported; negative and non-finite reports are rejected.
 * B2 A child's budget leaves the parent when the job is delegated and its rest returns once when the child ends,
 *    so that n children cannot each take the whole.
 * B3 What a child spends in a currency for which it has no budget of its own is charged to its parent: leaving the
 *    budget out of a delegation is no way around it.
 */
export class BudgetLedger {
  readonly #left: Map<string, Decimal>;
  readonly #parent: BudgetLedger | undefined;
  #returned = false;

  constructor(amounts: Amounts, parent?: BudgetLedger) {
    this.#left = new Map(amounts);
    this.#parent = parent;
  }

  /** The job's own counters. */
  remaining(): Amounts {
    return this.#left;
  }

  /** Takes a cost report. `value` is a JSON number and counts as the decimal that it prints as. */
  spend(currency: string, value: number): Spending {
    if (!Number.isFinite(value) || value < 0) return "rejected";
    return this.charge(currency, new Decimal(value));
  }

  /** A currency of which nothing is left (own, or the parent's where this job has none), or undefined. */
  exhausted(): string | undefined {
    for (const [currency, left] of this.#left) if (left.lte(0)) return currency;
    return this.#parent?.exhaustedBeside(this.#left);
  }

  /** Sets a child's budget aside; gives the currency that does not suffice, and then sets nothing aside. */
  reserve(amounts: Amounts): string | undefined {
    for (const [currency, amount] of amounts) {
      const left = this.#left.get(currency) ?? this.#parent?.leftOf(currency);
      if (left === undefined || amount.gt(left)) return currency;
    }
    for (const [currency, amount] of amounts) this.charge(currency, amount);
    return undefined;
  }

  /** Gives the rest back to the parent. Once; later calls do nothing. */
  returnRest(): void {
    if (this.#returned || this.#parent === undefined) return;
    this.#returned = true;
    for (const [currency, left] of this.#left) this.#parent.charge(currency, left.negated());
    this.#left.clear();
  }

  /** Replaces the counters with what was stored: for a job that is taken up again after a restart. */
  restore(amounts: Amounts): void {
    for (const [currency, amount] of amounts) this.#left.set(currency, amount);
  }

  private leftOf(currency: string): Decimal | undefined {
    return this.#left.get(currency) ?? this.#parent?.leftOf(currency);
  }

  private exhaustedBeside(own: ReadonlyMap<string, unknown>): string | undefined {
    for (const [currency, left] of this.#left) if (!own.has(currency) && left.lte(0)) return currency;
    return this.#parent?.exhaustedBeside(new Map([...own, ...this.#left]));
  }

  private charge(currency: string, amount: Decimal): Spending {
    const left = this.#left.get(currency);
    if (left === undefined) return this.#parent?.charge(currency, amount) ?? "not_budgeted";
    this.#left.set(currency, left.minus(amount));
    return "spent";
  }
}
