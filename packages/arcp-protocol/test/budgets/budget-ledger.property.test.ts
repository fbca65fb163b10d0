import fc from "fast-check";
import { expect, test } from "vitest";
import { amountsToStrings, parseAmounts } from "../../src/budgets/amount.ts";
import { BudgetLedger } from "../../src/budgets/budget-ledger.ts";

const cents = fc.integer({ min: 0, max: 100_000 });

test("B1 [9.6-1]: any number of reports adds up exactly", () => {
  fc.assert(
    fc.property(fc.array(cents, { maxLength: 60 }), (costs) => {
      const ledger = new BudgetLedger(parseAmounts(["USD:10000000.00"]));
      for (const cost of costs) expect(ledger.spend("USD", cost / 100)).toBe("spent");
      const left = 1_000_000_000 - costs.reduce((sum, cost) => sum + cost, 0);
      expect(Number(amountsToStrings(ledger.remaining())[0]?.slice(4)) * 100).toBeCloseTo(left, 5);
      expect(ledger.remaining().get("USD")?.times(100).toFixed()).toBe(String(left));
    }),
  );
});

test("B1 [9.6-3]: what is no cost moves nothing", () => {
  const ledger = new BudgetLedger(parseAmounts(["USD:1"]));
  for (const value of [-0.01, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect(ledger.spend("USD", value)).toBe("rejected");
  }
  expect(ledger.spend("EUR", 1)).toBe("not_budgeted");
  expect(amountsToStrings(ledger.remaining())).toEqual(["USD:1"]);
});

test("B1: tiny next to huge is not rounded away", () => {
  const ledger = new BudgetLedger(parseAmounts([`USD:${"9".repeat(30)}`]));
  for (let at = 0; at < 10; at++) ledger.spend("USD", 1e-20);
  expect(amountsToStrings(ledger.remaining())).toEqual([`USD:${"9".repeat(29)}8.${"9".repeat(19)}`]);
});

test("B2 [9.4-2, 10-4]: money is never made: what children spend and return is what the parent misses", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(cents, cents), { maxLength: 12 }), (children) => {
      const parent = new BudgetLedger(parseAmounts(["USD:1000.00"]));
      let spent = 0;
      const ledgers: BudgetLedger[] = [];
      for (const [budget, cost] of children) {
        const amounts = parseAmounts([`USD:${(budget / 100).toFixed(2)}`]);
        const fits = parent
          .remaining()
          .get("USD")
          ?.gte(budget / 100);
        expect(parent.reserve(amounts)).toBe(fits ? undefined : "USD");
        if (!fits) continue;
        const child = new BudgetLedger(amounts, parent);
        child.spend("USD", cost / 100);
        spent += cost;
        ledgers.push(child);
      }
      for (const child of ledgers) {
        child.returnRest();
        child.returnRest();
      }
      expect(parent.remaining().get("USD")?.times(100).toFixed()).toBe(String(100_000 - spent));
    }),
  );
});

test("B3: a child without a budget of its own is charged to the nearest ancestor that has one", () => {
  const grandparent = new BudgetLedger(parseAmounts(["USD:1", "EUR:1"]));
  const parent = new BudgetLedger(parseAmounts(["USD:0.5"]), grandparent);
  const child = new BudgetLedger(new Map(), parent);
  expect(child.spend("USD", 0.5)).toBe("spent");
  expect(child.exhausted()).toBe("USD");
  expect(grandparent.exhausted()).toBeUndefined();
  expect(child.spend("EUR", 1)).toBe("spent");
  expect(grandparent.exhausted()).toBe("EUR");
  expect(new BudgetLedger(parseAmounts(["USD:1", "EUR:1"]), parent).exhausted()).toBeUndefined();
});
