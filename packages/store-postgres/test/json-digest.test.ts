import { loadJsonDigest } from "@pawl/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonDigest } from "../src/json-digest.ts";

test("the store's digests are those that everybody else makes (D21)", async () => {
  const digest = await loadJsonDigest();
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "grapheme" }), (value) => {
      expect(jsonDigest(value)).toBe(digest(value));
    }),
  );
});
