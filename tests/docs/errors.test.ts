import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codesInSources, documentedCodes, ROOT, shortPath, wordsInSources } from "./error-codes.ts";

const MARKDOWN = readFileSync(join(ROOT, "docs/errors.md"), "utf8");
const DOCUMENTED = documentedCodes(MARKDOWN);

/** Codes that are put together from a prefix and one of these: `model_output_limit`, `limit_tokens`. */
const COMPOSED: { readonly [prefix: string]: readonly string[] } = {
  model_: ["output_limit", "context_overflow", "content_filter", "provider_error"],
  limit_: ["iterations", "no_progress", "wall_time", "tokens", "cost"],
};

describe("docs/errors.md", () => {
  test("has an anchor for every code that the sources give", () => {
    const missing = [...codesInSources()]
      .filter(([code]) => !DOCUMENTED.includes(code))
      .map(([code, paths]) => `### \`${code}\`  (${shortPath(paths[0] ?? "")})`);
    expect(missing.sort(), "write what happened and what to do under these headings").toEqual([]);
  });

  test("has no anchor for a code that nobody gives", () => {
    const words = wordsInSources();
    const composed = Object.entries(COMPOSED).flatMap(([prefix, rest]) => rest.map((r) => prefix + r));
    const gone = DOCUMENTED.filter((code) => !words.has(code) && !composed.includes(code));
    expect(gone).toEqual([]);
  });

  test("has each code once, and says something about it", () => {
    expect(DOCUMENTED.filter((code, i) => DOCUMENTED.indexOf(code) !== i)).toEqual([]);
    const entries = MARKDOWN.split(/^### /m).slice(1);
    const silent = entries.filter((entry) => !/^`[^`]+`\n[A-Z`].{20,}\.$/m.test(entry));
    expect(silent).toEqual([]);
  });

  test("the scan sees the ways in which codes are given", () => {
    const codes = codesInSources();
    expect(codes.size).toBeGreaterThan(100);
    for (const code of ["invalid_id", "tool_unknown", "body_too_large", "tool_failed"]) {
      expect(codes.has(code)).toBe(true);
    }
  });
});
