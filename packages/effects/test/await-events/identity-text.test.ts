// D29: the id of an event is what a replay matches, so the fast way of writing what it is the digest of must be the slow way's text.
import { canonicalJson, type ExecutionScope, type WaitIdentity } from "@pawl/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { identityText } from "../../src/await-events/identity-text.ts";

const id = fc.oneof(
  fc.string({ unit: "binary-ascii" }),
  fc.string({ unit: "binary" }),
  fc.constantFrom("s1", 'a"b', "a\\b", "é", "\u007f", "\u001f", "</a>", " ", "~", "\u2028"),
);
/** Also what no type allows, as a forged key may carry it. */
const value = fc.oneof({ weight: 9, arbitrary: id }, { weight: 1, arbitrary: fc.jsonValue() });
const more = fc.option(fc.record({ more: value, sessionId: value, type: value }, { requiredKeys: [] }), {
  nil: {},
  freq: 4,
});
const scope = fc.oneof(
  fc.record({ type: fc.constant("turn"), sessionId: value, turnId: value }),
  fc.record({ turnId: value, sessionId: value, type: fc.constant("turn") }),
  fc.record({ type: fc.constant("process"), processId: value }),
);
const wait = fc.oneof(
  fc.record({ type: fc.constant("tool_completion"), callId: value }),
  fc.record({ key: value, type: fc.constant("custom") }),
  fc.record({ type: fc.constant("tool_completion"), key: value }),
  fc.constant({ type: "turn_terminal" }),
);

test("the text of a scope and an identity is their canonical JSON, whatever they hold", () => {
  let short = 0;
  fc.assert(
    fc.property(scope, more, wait, more, (scope, inScope, wait, inWait) => {
      const [given, waited] = [
        { ...scope, ...inScope } as ExecutionScope,
        { ...wait, ...inWait } as WaitIdentity,
      ];
      const text = identityText(given, waited);
      expect(text).toBe(canonicalJson({ scope: given, wait: waited }));
      if (text.length < 100) short += 1;
    }),
    { numRuns: 3_000 },
  );
  // Not long ones alone: about one in thirty.
  expect(short).toBeGreaterThan(0);
});

test.each([
  ["a lone surrogate", { type: "turn", sessionId: "\ud800", turnId: "t" }],
  ["an id that is not JSON", { type: "turn", sessionId: undefined, turnId: () => 1 }],
  ["an instance of a class", Object.assign(new Date(0), { type: "turn", sessionId: "s", turnId: "t" })],
])("%s is refused, as canonical JSON does", (_, scope) => {
  const refused = expect.objectContaining({ code: "not_json" });
  expect(() => identityText(scope as ExecutionScope, { type: "custom", key: "k" })).toThrow(refused);
});
