import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { play } from "./play-script.ts";
import { runScript } from "./random-turn.ts";

const RUNS = 800;

describe("random turns: model, tools, people, timers, cancels, duplicates and late responses", () => {
  test("T1–T10 hold after every step, every run ends, and a run played twice gives equal bytes", () => {
    fc.assert(
      fc.property(runScript, (script) => {
        const first = play(script);
        expect(play(script).bytes).toBe(first.bytes);
      }),
      { numRuns: RUNS },
    );
  });

  test("the runs are not dull: they reach every phase and every way to end", () => {
    const arrows = new Set<string>();
    const ends = new Set<string>();
    for (const script of fc.sample(runScript, { numRuns: RUNS, seed: 7 })) {
      const { turn } = play(script);
      for (const arrow of turn.arrows) arrows.add(arrow);
      const { outcome } = turn;
      ends.add(outcome.status === "completed" ? `completed ${outcome.limit ?? "freely"}` : outcome.status);
    }
    expect(ends).toContain("completed freely");
    for (const end of ["failed", "cancelled", "completed iterations", "completed no_progress"]) {
      expect(ends).toContain(end);
    }
    expect(ends).toContain("completed tokens");
    expect(ends).toContain("completed wall_time");
    expect(arrows.size).toBeGreaterThan(50);
  });
});
