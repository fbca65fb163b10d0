import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "./error-codes.ts";
import { invariantsInSources, invariantsPage } from "./invariants-page.ts";

const INVARIANTS = invariantsInSources();

describe("docs/invariants.md", () => {
  test("is what the headers say: write it anew with `pnpm --filter @pawl/tests run docs`", () => {
    expect(readFileSync(join(ROOT, "docs/invariants.md"), "utf8")).toBe(invariantsPage(INVARIANTS));
  });

  test("every number is given once in the repository, so that citing it is enough", () => {
    const ids = INVARIANTS.map(({ id }) => id);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    expect(ids.filter((id) => id.startsWith("T")).length).toBeGreaterThanOrEqual(10);
  });
});
