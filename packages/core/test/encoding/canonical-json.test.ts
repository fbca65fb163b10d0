import { describe, expect, test } from "vitest";
import { canonicalJson, isPawlError } from "../../src/index.ts";

/** RFC 8785, appendix B: IEEE 754 bits and the text that they are written as. */
const NUMBERS: readonly (readonly [bits: string, text: string])[] = [
  ["0000000000000000", "0"],
  ["8000000000000000", "0"],
  ["0000000000000001", "5e-324"],
  ["8000000000000001", "-5e-324"],
  ["7fefffffffffffff", "1.7976931348623157e+308"],
  ["ffefffffffffffff", "-1.7976931348623157e+308"],
  ["4340000000000000", "9007199254740992"],
  ["c340000000000000", "-9007199254740992"],
  ["4430000000000000", "295147905179352830000"],
  ["44b52d02c7e14af5", "9.999999999999997e+22"],
  ["44b52d02c7e14af6", "1e+23"],
  ["44b52d02c7e14af7", "1.0000000000000001e+23"],
  ["444b1ae4d6e2ef4e", "999999999999999700000"],
  ["444b1ae4d6e2ef4f", "999999999999999900000"],
  ["444b1ae4d6e2ef50", "1e+21"],
  ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
  ["3eb0c6f7a0b5ed8d", "0.000001"],
  ["41b3de4355555553", "333333333.3333332"],
  ["41b3de4355555554", "333333333.33333325"],
  ["41b3de4355555555", "333333333.3333333"],
  ["41b3de4355555556", "333333333.3333334"],
  ["41b3de4355555557", "333333333.33333343"],
  ["becbf647612f3696", "-0.0000033333333333333333"],
  ["43143ff3c1cb0959", "1424953923781206.2"],
];

function double(bits: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  return view.getFloat64(0);
}

function refusal(value: unknown) {
  try {
    return `written as ${canonicalJson(value)}`;
  } catch (error) {
    if (!isPawlError(error, "not_json")) throw error;
    return `${error.details.path}: ${error.message}`;
  }
}

describe("RFC 8785", () => {
  test.each(NUMBERS)("appendix B: %s is written as %s", (bits, text) => {
    expect(canonicalJson(double(bits))).toBe(text);
  });

  test.each(["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])(
    "appendix B: %s is refused",
    (bits) => {
      expect(refusal([double(bits)])).toMatch(/^\/0: Only plain JSON/);
    },
  );

  test("section 3.2.2: literals, numbers and strings", () => {
    const text = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalJson(JSON.parse(text))).toBe(
      `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
        String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test("section 3.2.3: members are sorted by UTF-16 code units", () => {
    const members = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    expect([...canonicalJson(members).matchAll(/:"([^"]*)"/g)].map((m) => m[1])).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });
});

describe("what JSON cannot carry is refused, with where it is", () => {
  const cycle: Record<string, unknown> = { a: [] };
  (cycle.a as unknown[]).push(cycle);
  class Money {
    readonly cents = 1;
  }
  test.each<readonly [string, unknown, string]>([
    ["undefined", undefined, ": Only plain JSON can be recorded; found a value of type undefined"],
    ["undefined in an array", [1, undefined], "/1: "],
    ["a hole", Array(3), "/0: "],
    ["a function", { a: { b: () => 1 } }, "/a/b: "],
    ["a symbol", [Symbol("s")], "/0: "],
    ["a BigInt", { n: 1n }, "/n: "],
    ["NaN", { n: Number.NaN }, "/n: "],
    ["an infinity", [Number.NEGATIVE_INFINITY], "/0: "],
    ["a lone surrogate", ["ok", "\ud800"], "/1: "],
    ["a lone surrogate in a name", { "\udc00": 1 }, "/\udc00: "],
    ["a cycle", cycle, "/a/0: "],
    ["a Date", { at: new Date(0) }, "/at: "],
    ["a Map", [new Map()], "/0: "],
    ["a boxed string", [new String("s")], "/0: "],
    ["a class instance", { money: new Money() }, "/money: "],
    ["bytes", [new Uint8Array(2)], "/0: "],
    ["a name with separators", { "a/b~c": 1n }, "/a~1b~0c: "],
  ])("%s", (_, value, where) => {
    expect(refusal(value)).toMatch(where);
  });

  test("a class is named", () => {
    expect(refusal([new Money()])).toContain("an instance of Money");
  });

  test("nesting that would exhaust the stack", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(refusal(deep)).toContain("more than 1000 levels");
    let fits: unknown = 1;
    for (let i = 0; i < 1_000; i++) fits = [fits];
    expect(canonicalJson(fits)).toHaveLength(2_001);
  });
});

test("the same object twice is no cycle, and an absent optional is left out", () => {
  const part = { b: undefined, a: 1 };
  expect(canonicalJson([part, { part }])).toBe('[{"a":1},{"part":{"a":1}}]');
});

test("an object without a prototype, and a member named __proto__, are plain", () => {
  expect(canonicalJson(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}');
  expect(canonicalJson(JSON.parse('{"__proto__":1,"constructor":2}'))).toBe(
    '{"__proto__":1,"constructor":2}',
  );
});
