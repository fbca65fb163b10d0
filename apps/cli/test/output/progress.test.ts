import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createProgress } from "../../src/output/progress.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ERASE = "\r\u001b[2K";

function screenOf(isTTY: boolean, columns = 40) {
  const written: string[] = [];
  return { written, screen: { isTTY, columns, write: (text: string) => void written.push(text) } };
}

it("shows on a terminal what takes longer than a moment, in one line that goes away", () => {
  const { screen, written } = screenOf(true);
  const progress = createProgress(screen);
  progress.set("Starting PostgreSQL…");
  vi.advanceTimersByTime(200);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(3_000);
  expect(written.at(-1)?.startsWith(ERASE)).toBe(true);
  expect(written.at(-1)).toContain(" Starting PostgreSQL… 3 s");
  progress.clear();
  expect(written.at(-1)).toBe(ERASE);
  const before = written.length;
  vi.advanceTimersByTime(10_000);
  expect(written).toHaveLength(before);
});

it("fits a narrow terminal", () => {
  const { screen, written } = screenOf(true, 10);
  createProgress(screen).set("A long sentence about what takes time");
  vi.advanceTimersByTime(1_000);
  expect(written.at(-1)?.replace(ERASE, "")).toHaveLength(9);
});

it("says nothing where there is no terminal", () => {
  const { screen, written } = screenOf(false);
  createProgress(screen).set("Starting…");
  vi.advanceTimersByTime(10_000);
  expect(written).toEqual([]);
});
