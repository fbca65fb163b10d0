import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, type Json, loadJsonDigest } from "../../src/index.ts";

const json = fc.jsonValue({ stringUnit: "grapheme" });

/** The same value with the members of every object in another order. */
function shuffled(value: unknown, turn: number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, turn));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([k, v]) => [k, shuffled(v, turn)] as const);
  const at = entries.length === 0 ? 0 : turn % entries.length;
  return Object.fromEntries([...entries.slice(at), ...entries.slice(0, at)].reverse());
}

test("says the same value, and the same bytes in whatever order members were added", () => {
  fc.assert(
    fc.property(json, fc.nat(9), (value, turn) => {
      const text = canonicalJson(value);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      expect(canonicalJson(JSON.parse(JSON.stringify(value)))).toBe(text);
      expect(canonicalJson(shuffled(value, turn))).toBe(text);
    }),
  );
});

test("says the same as JSON.stringify to whoever parses it", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("the digest is SHA-256 of the canonical text in UTF-8, as another implementation computes it", async () => {
  const digest = await loadJsonDigest();
  fc.assert(
    fc.property(json, (value) => {
      expect(digest(value)).toBe(createHash("sha256").update(canonicalJson(value), "utf8").digest("hex"));
    }),
  );
  const long: Json = { text: "päwl €😀".repeat(100_000) };
  expect(digest(long)).toBe(createHash("sha256").update(canonicalJson(long), "utf8").digest("hex"));
});

test("a value that is refused does not spoil the next digest", async () => {
  const digest = await loadJsonDigest();
  const before = digest({ a: 1 });
  expect(() => digest({ a: Number.NaN })).toThrow("Only plain JSON");
  expect(digest({ a: 1 })).toBe(before);
  expect(await loadJsonDigest()).toBe(digest);
});
