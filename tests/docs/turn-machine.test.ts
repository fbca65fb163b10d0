import { readFileSync } from "node:fs";
import { join } from "node:path";
import { initialState, outstandingEffects, TRANSITIONS } from "@pawl/core";
import { describe, expect, test } from "vitest";
import { ROOT } from "./error-codes.ts";
import { withDiagram } from "./turn-diagram.ts";

const PAGE = readFileSync(join(ROOT, "docs/turn-machine.md"), "utf8");

describe("docs/turn-machine.md", () => {
  test("shows the transitions as they are: write it anew with `pnpm --filter @pawl/tests run docs`", () => {
    expect(withDiagram(PAGE, TRANSITIONS)).toBe(PAGE);
  });

  test("tells of every phase", () => {
    const phases = new Set(TRANSITIONS.flatMap(({ from, to }) => [from, ...to]));
    for (const phase of phases) expect(PAGE).toContain(`| ${phase} | `);
    expect(outstandingEffects(initialState())).toEqual([]);
  });

  test("would not be current with another table", () => {
    expect(withDiagram(PAGE, TRANSITIONS.slice(1))).not.toBe(PAGE);
    expect(() => withDiagram("# nothing to fill", TRANSITIONS)).toThrow("needs the lines");
  });
});
