import { expect, test } from "vitest";
import { plainExpect } from "../src/store-suite/plain-expect.ts";

test("equal values pass, also where a member is undefined on one side", () => {
  plainExpect(1).toBe(1);
  plainExpect(Number.NaN).toBe(Number.NaN);
  plainExpect({ a: [1, { b: null }], c: undefined }).toEqual({ a: [1, { b: null }] });
  plainExpect([]).toEqual([]);
});

test.each([
  [{ a: 1 }, { a: 2 }],
  [{ a: 1 }, { a: 1, b: null }],
  [{ a: 1, b: 0 }, { a: 1 }],
  [[1], [1, 2]],
  [[1, 2], [1]],
  [[], {}],
  [{}, []],
  [null, {}],
  [undefined, null],
  ["1", 1],
  [{ a: { b: 1 } }, { a: { b: "1" } }],
])("%j is not %j, and the message says so", (actual, expected) => {
  expect(() => plainExpect(actual, "what it is about").toEqual(expected)).toThrow(
    /what it is about: expected/,
  );
  expect(() => plainExpect(actual).toBe(expected)).toThrow(/unexpected value/);
});
