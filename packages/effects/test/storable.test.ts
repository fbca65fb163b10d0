import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { storable } from "../src/storable.ts";

describe("what every store can keep", () => {
  it("is left as it is, and is the same object", () => {
    const value = { text: "Grüße 😀", list: [1, null, { deep: true }] };
    expect(storable(value)).toBe(value);
  });

  it.each([
    ["U+0000", "a\u0000b", "a\ufffdb"],
    ["half a pair, the first", "a\ud83d", "a\ufffd"],
    ["half a pair, the second", "\ude00b", "\ufffdb"],
    ["a whole pair stays", "\ud83d\ude00\u0000", "😀\ufffd"],
  ])("%s", (_title, text, kept) => {
    expect(storable(text)).toBe(kept);
    expect(storable({ [text]: [text, { deep: text }] })).toEqual({ [kept]: [kept, { deep: kept }] });
  });

  it("is so for any JSON: nothing is lost that a store could keep", () => {
    const text = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((n) => String.fromCharCode(n)) });
    fc.assert(
      fc.property(fc.array(fc.dictionary(text, text)), (value) => {
        const kept = JSON.stringify(storable(value));
        expect(kept.isWellFormed()).toBe(true);
        expect(kept).not.toMatch(/\\u0000|\\ud[89a-f]/);
        const clean = JSON.stringify(value).match(/\\u0000|\\ud[89a-f]/) === null;
        if (clean) expect(kept).toBe(JSON.stringify(value));
      }),
    );
  });

  it("keeps a member named __proto__ a member", () => {
    const value = JSON.parse('{"__proto__":"\\u0000"}') as object;
    expect(JSON.stringify(storable(value))).toBe('{"__proto__":"\ufffd"}');
  });
});
