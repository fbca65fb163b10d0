import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  callId,
  effectId,
  inputId,
  inputIdsOfTurn,
  isPawlError,
  jobId,
  jobSessionId,
  MAX_ID_LENGTH,
  MAX_INPUT_ID_LENGTH,
  nodeId,
  sessionId,
  turnId,
  turnIdOfInput,
} from "../src/index.ts";

const KINDS = { sessionId, turnId, inputId, effectId, callId, nodeId, jobId, jobSessionId };
const refused = (make: () => unknown) => {
  try {
    make();
  } catch (error) {
    return isPawlError(error, "invalid_id");
  }
  return false;
};

describe.each(Object.entries(KINDS))("%s", (_, id) => {
  test.each([
    "",
    " ",
    "\t\n",
    "\u00a0",
    "a\u0000b",
    "line\nbreak",
    "\u001f1",
    "del\u007f",
    "\u009f",
    "\ud800",
    "x".repeat(MAX_ID_LENGTH + 1),
  ])("refuses %j", (text) => {
    expect(refused(() => id(text))).toBe(true);
  });

  test("refuses what is no text", () => {
    expect(refused(() => id(7 as unknown as string))).toBe(true);
    expect(refused(() => id(undefined as unknown as string))).toBe(true);
  });

  test("takes anything else as it is", () => {
    for (const text of ["a", "42", "süß/№:%", " a\u00a0b~", "😀", "x".repeat(MAX_INPUT_ID_LENGTH)])
      expect(id(text)).toBe(text);
  });
});

const anyInputId = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: MAX_INPUT_ID_LENGTH }),
    fc.string({ maxLength: 20 }).map((s) => `in_${s}`),
    fc.constantFrom("in_", "turn_1", "turn:1", "in_in_1", "1", "in_1", "x".repeat(MAX_INPUT_ID_LENGTH)),
  )
  .filter((text) => !refused(() => inputId(text)))
  .map(inputId);

describe("the turn that an input starts", () => {
  test("has a name that tells where it comes from", () => {
    expect(turnIdOfInput(inputId("in_7"))).toBe("turn_7");
    expect(turnIdOfInput(inputId("order-7"))).toBe("turn:order-7");
  });

  test("every input id gives a turn id, no two the same, and it leads back", () => {
    fc.assert(
      fc.property(anyInputId, anyInputId, (a, b) => {
        expect(inputIdsOfTurn(turnIdOfInput(a))).toEqual([a]);
        expect(turnIdOfInput(a) === turnIdOfInput(b)).toBe(a === b);
      }),
    );
  });

  test("other ids come from no input", () => {
    for (const id of ["t1", "turn", "turn: ", "turn:in_7"]) expect(inputIdsOfTurn(turnId(id))).toEqual([]);
  });
});
