import type { Matchers } from "./runner.ts";

/** What the suite asserts with where there is no test runner. `toEqual` compares JSON values; `undefined` members are absent. */
export function plainExpect(actual: unknown, message = "unexpected value"): Matchers {
  const fail = (expected: unknown): never => {
    throw new Error(`${message}: expected ${show(expected)}, received ${show(actual)}`);
  };
  return {
    toBe(expected) {
      if (!Object.is(actual, expected)) fail(expected);
    },
    toEqual(expected) {
      if (!equal(actual, expected)) fail(expected);
    },
  };
}

function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => equal(item, b[index]));
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => equal(left[key], right[key]));
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 2_000);
}
