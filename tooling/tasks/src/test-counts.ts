import { stripVTControlCharacters } from "node:util";

/** How many tests passed and failed. Skipped ones are neither. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Reads the counts from what vitest printed; undefined when it came to no count. A count that is replayed from a
 * cache reads the same.
 */
export function readTestCounts(output: string): TestCounts | undefined {
  const summaries = stripVTControlCharacters(output).matchAll(/^\s*Tests\s+(\S.*)$/gm);
  let counts: TestCounts | undefined;
  for (const [, summary = ""] of summaries)
    counts = addCounts(counts, { passed: countOf(summary, "passed"), failed: countOf(summary, "failed") });
  return counts;
}

export function addCounts(a: TestCounts | undefined, b: TestCounts | undefined): TestCounts {
  return { passed: (a?.passed ?? 0) + (b?.passed ?? 0), failed: (a?.failed ?? 0) + (b?.failed ?? 0) };
}

function countOf(summary: string, outcome: string): number {
  return Number(new RegExp(`(\\d+) ${outcome}`).exec(summary)?.[1] ?? 0);
}
