import { Decimal as BaseDecimal } from "decimal.js";
import { ArcpError } from "../errors.ts";

/**
 * Money is counted in exact decimals: 0.70 pays seven times for 0.1 and not once more. The precision holds any
 * sum of JSON numbers (308 digits before the point, 324 after) without rounding.
 */
export const Decimal = BaseDecimal.clone({ precision: 1000, toExpNeg: -9e15, toExpPos: 9e15 });
export type Decimal = BaseDecimal;

/** Currency to amount. */
export type Amounts = ReadonlyMap<string, Decimal>;

const grammar = /^([A-Za-z][A-Za-z0-9_-]{0,31}):(\d{1,40}(?:\.\d{1,40})?)$/;

/** Reads `USD:5.00` (section 9.6). INVALID_REQUEST when it is none. */
export function parseAmount(text: string): { currency: string; amount: Decimal } {
  const match = grammar.exec(text);
  if (match === null) {
    throw new ArcpError(
      "INVALID_REQUEST",
      `"${text.slice(0, 60)}" is not an amount; write currency:decimal, as USD:5.00`,
    );
  }
  return { currency: match[1] as string, amount: new Decimal(match[2] as string) };
}

/** Several entries of one currency add up. */
export function parseAmounts(texts: readonly string[]): Amounts {
  const sums = new Map<string, Decimal>();
  for (const text of texts) {
    const { currency, amount } = parseAmount(text);
    sums.set(currency, (sums.get(currency) ?? new Decimal(0)).plus(amount));
  }
  return sums;
}

/** Currency to JSON number: what a person reads off a gauge. */
export function amountsToNumbers(amounts: Amounts): Record<string, number> {
  return Object.fromEntries([...amounts].map(([currency, amount]) => [currency, amount.toNumber()]));
}

export function amountsToStrings(amounts: Amounts): string[] {
  return [...amounts].map(([currency, amount]) => `${currency}:${amount.toFixed()}`);
}
