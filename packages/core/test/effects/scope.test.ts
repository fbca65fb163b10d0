import { describe, expect, test } from "vitest";
import {
  type ExecutionScope,
  executionScope,
  isPawlError,
  scopeId,
  scopeSessionId,
  scopeTurnId,
  validatesTurnTraceId,
} from "../../src/index.ts";

const MADE: [ExecutionScope, string, string | undefined, string | undefined, boolean][] = [
  [executionScope.turn("s", "t"), "t", "s", "t", true],
  [executionScope.process("p"), "p", undefined, undefined, false],
  [executionScope.queueDrain("s", "d"), "d", "s", undefined, false],
  [executionScope.sessionDelete("s"), "s", "s", undefined, false],
  [executionScope.runtimeOperation("o"), "o", undefined, undefined, false],
];

test.each(MADE)("%j", (scope, id, session, turn, validates) => {
  expect([scopeId(scope), scopeSessionId(scope), scopeTurnId(scope), validatesTurnTraceId(scope)]).toEqual([
    id,
    session,
    turn,
    validates,
  ]);
});

describe.each(["", " ", "\n\t "])("an id that is blank (%j)", (blank) => {
  test.each([
    () => executionScope.turn(blank, "t"),
    () => executionScope.turn("s", blank),
    () => executionScope.process(blank),
    () => executionScope.queueDrain(blank, "d"),
    () => executionScope.queueDrain("s", blank),
    () => executionScope.sessionDelete(blank),
    () => executionScope.runtimeOperation(blank),
  ])("is refused", (make) => {
    let thrown: unknown;
    try {
      make();
    } catch (error) {
      thrown = error;
    }
    expect(isPawlError(thrown, "missing_execution_scope_id")).toBe(true);
  });
});
