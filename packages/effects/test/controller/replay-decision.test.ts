import { type EffectOutcome, type Json, mustMatch, type OnCrash } from "@pawl/core";
import { decideReplay, differingPaths, type RecordedEffect } from "@pawl/effects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { envelopeOf, MODEL_CALL, toolEnvelope } from "../support/effect-under-test.ts";

const TOOL = toolEnvelope({ n: 1 });
const done: EffectOutcome = {
  kind: "tool_call",
  launch: { status: "done", result: { status: "ok", output: 1 } },
};
const intent = { attempt: 3, nonce: "n", startBefore: 77 };
const equal = mustMatch(TOOL.command);
const other = mustMatch(toolEnvelope({ n: 2 }).command);
const steps = new Map<string, Json>([["a", 1]]);

describe("the replay decision (D11, D12)", () => {
  /** Every combination of what may be recorded. */
  const outcomes = { none: undefined, fits: done, "of another kind": { kind: "sleep" } as EffectOutcome };
  const commands = { none: undefined, equal, other };
  const cases = Object.entries(outcomes).flatMap(([o, outcome]) =>
    Object.entries(commands).flatMap(([c, command]) =>
      [undefined, intent].flatMap((i) =>
        [undefined, steps].flatMap((s) =>
          (["ask", "retry"] as const).map((onCrash) => ({ o, outcome, c, command, i, s, onCrash })),
        ),
      ),
    ),
  );

  function expected(one: (typeof cases)[number]): string {
    if (one.o === "of another kind") return "corrupt";
    if (one.o === "fits") return one.c === "other" ? "diverged" : "return";
    return one.i !== undefined && one.onCrash === "ask" ? "ambiguous" : "perform";
  }

  it("covers all that can be recorded", () => expect(cases).toHaveLength(3 * 3 * 2 * 2 * 2));

  it.each(cases)("outcome $o, command $c, intent $i, steps $s, $onCrash", (one) => {
    const recorded: RecordedEffect = {
      ...(one.outcome && { outcome: one.outcome }),
      ...(one.command !== undefined && { command: one.command }),
      ...(one.i && { intent: one.i }),
      ...(one.s && { steps: one.s }),
    };
    const decision = decideReplay(recorded, TOOL, one.onCrash as OnCrash);
    expect(decision.type).toBe(expected(one));
    if (decision.type === "return") expect(decision.outcome).toBe(done);
    if (decision.type === "ambiguous") expect(decision).toMatchObject({ attempt: 3, startBefore: 77 });
    if (decision.type === "diverged") expect(decision.paths).toEqual(["/input/n"]);
    if (decision.type === "corrupt") expect(decision.message).toContain("1.tool_call.0");
  });

  it("performs what nothing is known of", () => {
    expect(decideReplay(undefined, TOOL, "ask")).toEqual({ type: "perform" });
  });

  it("matches position and arguments, never a sentence or a derived key", () => {
    const recorded = { outcome: { kind: "model_call" } as EffectOutcome, command: mustMatch(MODEL_CALL) };
    const edited = envelopeOf({ ...MODEL_CALL, note: "Another sentence." });
    expect(decideReplay(recorded, edited, "retry").type).toBe("return");
    const moved = envelopeOf({ ...MODEL_CALL, upTo: 4 });
    expect(decideReplay(recorded, moved, "retry")).toEqual({ type: "diverged", paths: ["/upTo"] });
  });
});

describe("differing paths", () => {
  it.each<[string, Json, Json, string[]]>([
    ["equal scalars", 1, 1, []],
    ["the whole", 1, "1", ["/"]],
    ["a member", { a: 1, b: 2 }, { a: 1, b: 3 }, ["/b"]],
    ["a member that is only on one side", { a: 1 }, { a: 1, b: null }, ["/b"]],
    [
      "members of members, and their order does not matter",
      { a: { x: 1 }, b: 0 },
      { b: 0, a: { x: 2 } },
      ["/a/x"],
    ],
    ["items of arrays", [1, [2, 3]], [1, [2, 4], 5], ["/1/1", "/2"]],
    ["an array is not an object", { 0: 1 }, [1], ["/"]],
    ["names with slashes and tildes", { "a/b~": 1 }, { "a/b~": 2 }, ["/a~1b~0"]],
    ["null is not an object", { a: null }, { a: {} }, ["/a"]],
    ["zero is zero", [0], [-0], []],
  ])("%s", (_title, a, b, paths) => {
    expect(differingPaths(a, b)).toEqual(paths);
    expect(differingPaths(b, a)).toEqual(paths);
  });

  it("are none exactly for equal values, and carry no contents", () => {
    const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(differingPaths(a, structuredClone(a))).toEqual([]);
        const paths = differingPaths(a, b);
        expect(differingPaths(b, a)).toEqual(paths);
        expect(new Set(paths).size).toBe(paths.length);
      }),
    );
  });
});
