import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64url, encodeBase64url } from "../../src/await-events/base64url.ts";

const reference = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

test("bytes come back, and the text is that of RFC 4648 §5 without padding", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = encodeBase64url(bytes);
      expect(text).toBe(reference(bytes));
      expect(decodeBase64url(text)).toEqual(bytes);
    }),
  );
  expect(encodeBase64url(new TextEncoder().encode("foobar"))).toBe("Zm9vYmFy");
});

test("each value has one text: whatever decodes is what would be encoded", () => {
  const character = fc.constantFrom(..."ABCDabcd0189-_+/= \n\u00e9\uff21".split(""));
  let decoded = 0;
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 9 }), (text) => {
      const bytes = decodeBase64url(text);
      if (bytes === undefined) return;
      decoded += 1;
      expect(encodeBase64url(bytes)).toBe(text);
    }),
    { numRuns: 2_000 },
  );
  expect(decoded).toBeGreaterThan(20);
  for (const text of ["A", "AAAAA", "AB", "AAB", "AA==", "A A", "AA\n", "+/"]) {
    expect(decodeBase64url(text), text).toBe(undefined);
  }
  expect(decodeBase64url("")).toEqual(new Uint8Array());
});
