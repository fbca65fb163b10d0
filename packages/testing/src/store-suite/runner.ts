/** What the suite needs of a test runner: vitest, jest, bun:test and others fit as they are. */
export interface Matchers {
  toBe(expected: unknown): void;
  toEqual(expected: unknown): void;
}

export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  /** The third argument is the longest time that the case may take, in milliseconds. */
  readonly it: (name: string, body: () => Promise<void>, timeoutMs: number) => unknown;
  readonly expect: (actual: unknown, message?: string) => Matchers;
}
