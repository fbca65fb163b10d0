import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  childEffectId,
  createEnvelope,
  effectId,
  executionScope,
  positionalEffectId,
  replayKey,
} from "../../src/index.ts";

test("keys come from position", () => {
  const effect = positionalEffectId(2, "tool_call", 0);
  expect(effect).toBe("2.tool_call.0");
  expect(childEffectId(effect, 1, "charge")).toBe("2.tool_call.0/1.charge");
  expect(replayKey(executionScope.turn("s1", "turn_7"), effect)).toBe("turn:s1:turn_7:2.tool_call.0");
  expect(replayKey(executionScope.process("p1"), effect)).toBe("process::p1:2.tool_call.0");
});

describe("no two positions share a key", () => {
  const id = fc.string({ minLength: 1, unit: fc.constantFrom("a", ":", "/", "%", "3") });
  const scope = fc.oneof(
    fc.tuple(id, id).map(([s, t]) => executionScope.turn(s, t)),
    fc.tuple(id, id).map(([s, d]) => executionScope.queueDrain(s, d)),
    id.map((p) => executionScope.process(p)),
    id.map((s) => executionScope.sessionDelete(s)),
    id.map((o) => executionScope.runtimeOperation(o)),
  );
  const effect = fc.oneof(
    fc.tuple(fc.nat(2), fc.nat(2)).map(([i, n]) => positionalEffectId(i, "tool_call", n)),
    fc.tuple(fc.nat(2), fc.nat(2), id).map(([i, n, name]) => {
      return childEffectId(positionalEffectId(i, "tool_call", 0), n, name);
    }),
  );

  test("whatever characters ids have", () => {
    fc.assert(
      fc.property(scope, effect, scope, effect, (s1, e1, s2, e2) => {
        const same = JSON.stringify([s1, e1]) === JSON.stringify([s2, e2]);
        expect(replayKey(s1, e1) === replayKey(s2, e2)).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });
});

test("an envelope carries scope, position, key, command and cause", () => {
  const scope = executionScope.turn("s1", "t1");
  const command = { kind: "sleep", dueAt: 5 } as const;
  expect(createEnvelope(scope, effectId("1.sleep.0"), command, { type: "turn", iteration: 1 })).toEqual({
    scope,
    effectId: "1.sleep.0",
    replayKey: "turn:s1:t1:1.sleep.0",
    command,
    cause: { type: "turn", iteration: 1 },
  });
});
