import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalTarget } from "../../src/leases/canonical-target.ts";
import { compileGlob, matchesGlob } from "../../src/leases/glob.ts";
import { isGlobSubset } from "../../src/leases/glob-subset.ts";

/** The same rules as a regular expression: slower, unsafe against hostile patterns, and written differently. */
function reference(pattern: string): RegExp {
  let source = "";
  let rest = pattern;
  while (rest !== "") {
    if (rest.startsWith("/**/")) {
      source += "/(?:[^]*/)?";
      rest = rest.slice(4);
    } else if (rest === "/**") {
      source += "(?:/[^]*)?";
      rest = "";
    } else if (rest.startsWith("**")) {
      source += "[^]*";
      rest = rest.replace(/^\*+/, "");
    } else if (rest.startsWith("*")) {
      source += "[^/]*";
      rest = rest.slice(1);
    } else {
      source += rest[0]?.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      rest = rest.slice(1);
    }
  }
  return new RegExp(`^${source}$`);
}

const piece = fc.constantFrom("a", "b", "/", "*", "**", "/**/", "/**", ".", "?", "[a]");
const pattern = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
const target = fc
  .array(fc.constantFrom("a", "b", "/", ".", "?", "c", "[a]"), { maxLength: 10 })
  .map((all) => all.join(""));

test("a glob matches exactly what its rules say", () => {
  fc.assert(
    fc.property(pattern, target, (text, subject) => {
      expect(matchesGlob(compileGlob(text), subject)).toBe(reference(text).test(subject));
    }),
    { numRuns: 3000 },
  );
});

test("[9.4-5] what a subset matches its parents match, and what is no subset has a witness", () => {
  fc.assert(
    fc.property(
      pattern,
      fc.array(pattern, { minLength: 1, maxLength: 3 }),
      fc.array(target, { minLength: 20, maxLength: 40 }),
      (child, parents, subjects) => {
        const compiled = parents.map(compileGlob);
        const inner = compileGlob(child);
        if (!isGlobSubset(inner, compiled)) return;
        for (const subject of subjects) {
          if (matchesGlob(inner, subject))
            expect(compiled.some((parent) => matchesGlob(parent, subject))).toBe(true);
        }
      },
    ),
    { numRuns: 1500 },
  );
});

test("[9.4-5, 9.4-4] containment is exact where patterns could be compared by eye only with care", () => {
  const subset = (child: string, ...parents: string[]) =>
    isGlobSubset(compileGlob(child), parents.map(compileGlob));
  expect(subset("a/*", "a/**")).toBe(true);
  expect(subset("a/**", "a/*")).toBe(false);
  expect(subset("a/b", "a/*")).toBe(true);
  expect(subset("**", "**")).toBe(true);
  expect(subset("*", "**")).toBe(true);
  expect(subset("**", "*")).toBe(false);
  expect(subset("a/**/b", "a/**")).toBe(true);
  expect(subset("a/b/**", "a/*/**")).toBe(true);
  expect(subset("a*b*", "a*")).toBe(true);
  expect(subset("*a", "*b")).toBe(false);
  // Only together do the parents cover it.
  expect(subset("x**", "x", "x*", "x*/**")).toBe(true);
  expect(subset("x**", "x", "x*")).toBe(false);
  expect(subset("tier-fast/*", "tier-*/*")).toBe(true);
  expect(subset("gpt-4*", "gpt-4o*")).toBe(false);
  expect(subset("anything", ...[])).toBe(false);
});

test("a hostile pattern comes to an answer, where backtracking would not within the age of the universe", () => {
  const hostile = compileGlob(`${"*a".repeat(200)}b`);
  expect(matchesGlob(hostile, "a".repeat(2000))).toBe(false);
  expect(isGlobSubset(compileGlob("**a".repeat(40)), [compileGlob("*b".repeat(40))])).toBe(false);
});

test("[9.2-2] a canonical path has no way out of its prefix", () => {
  const segment = fc.constantFrom("a", "b", ".", "..", "", "c.d");
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 10 }), (segments) => {
      const canonical = canonicalTarget("fs.read", `/${segments.join("/")}`);
      expect(canonical).toBeDefined();
      expect(canonical).not.toMatch(/(^|\/)\.{1,2}(\/|$)|\/\/|.\/$/);
      expect(canonicalTarget("fs.read", canonical as string)).toBe(canonical);
    }),
  );
});
