import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { citationsIn, conformanceTable, coverageOf } from "../../src/conformance/coverage.ts";
import { REQUIREMENTS } from "../../src/conformance/requirements.ts";

const root = join(import.meta.dirname, "..");

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    return entry.name.endsWith(".test.ts") && entry.name !== "coverage.test.ts" ? [path] : [];
  });
}

const citations = testFiles(root).flatMap((path) =>
  citationsIn(relative(root, path), readFileSync(path, "utf8")),
);

describe("the gate", () => {
  test("every requirement is cited by a test", () => {
    expect(coverageOf(citations).untested.map(({ id, text }) => `${id} ${text}`)).toEqual([]);
  });

  test("every citation names a requirement", () => {
    expect(coverageOf(citations).unknown).toEqual([]);
  });

  test("ids are unique", () => {
    expect(new Set(REQUIREMENTS.map(({ id }) => id)).size).toBe(REQUIREMENTS.length);
  });

  test("the gate itself bites in both directions", () => {
    const found = citationsIn(
      "a.test.ts",
      'test("[6.3-1, 99-1] x", () => {}); test.each([1])(`[4-1] %s`, f); // [5-1]',
    );
    expect(found.map(({ ids }) => ids)).toEqual([["6.3-1", "99-1"], ["4-1"]]);
    const { untested, unknown } = coverageOf(found);
    expect(unknown).toEqual([{ id: "99-1", file: "a.test.ts" }]);
    expect(untested).toHaveLength(REQUIREMENTS.length - 2);
  });

  test("CONFORMANCE.md is the generated table", async () => {
    await expect(conformanceTable(citations)).toMatchFileSnapshot("../../CONFORMANCE.md");
  });
});
