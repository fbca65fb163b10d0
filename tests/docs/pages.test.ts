import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "./error-codes.ts";

const PAGES = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md"))
  .map((file) => ({ file: join("docs", file), text: readFileSync(join(ROOT, "docs", file), "utf8") }));

const read = (file: string) => readFileSync(join(ROOT, "docs", file), "utf8");

/** Files that are named in backticks by their path from the root: `packages/…`, `tests/…`, `apps/…`, `docs/…`. */
function namedFiles(text: string): readonly string[] {
  return [...text.matchAll(/`((?:packages|tests|apps|docs|examples|bench)\/[^`\s…]+)`/g)].map(
    (m) => m[1] ?? "",
  );
}

describe.each(PAGES)("$file", ({ file, text }) => {
  test("names only files that exist", () => {
    expect(namedFiles(text).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test("links only to pages and headings that exist", () => {
    const broken = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].filter(
      ([, path = "", heading]) => {
        const target = path === "" ? join(ROOT, file) : join(ROOT, dirname(file), path);
        if (!existsSync(target)) return true;
        return heading !== undefined && !readFileSync(target, "utf8").includes(`\`${heading}\``);
      },
    );
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});

describe("docs/guarantees.md", () => {
  const promises = read("guarantees.md").split(/^## /m).slice(1);

  test("has the seven promises, each with a test that tries to break it and what it does not promise", () => {
    expect(promises.map((promise) => promise.slice(0, 2))).toEqual([
      "1.",
      "2.",
      "3.",
      "4.",
      "5.",
      "6.",
      "7.",
    ]);
    for (const promise of promises) {
      expect(promise).toContain("- Tries to break it: `");
      expect(promise).toContain("- Not promised: ");
      expect(namedFiles(promise).length).toBeGreaterThan(0);
    }
  });
});

describe("docs/glossary.md", () => {
  test("has each term once", () => {
    const terms = [...read("glossary.md").matchAll(/^\| \*\*([^*]+)\*\*/gm)].map((m) => m[1]);
    expect(terms.length).toBeGreaterThan(40);
    expect(terms.filter((term, i) => terms.indexOf(term) !== i)).toEqual([]);
  });
});

describe("docs/adr", () => {
  const adrs = PAGES.filter(({ file }) => file.startsWith(join("docs", "adr")));

  test("are numbered without a gap, and their titles are sentences that their files are named after", () => {
    const numbers = adrs.map(({ file }) => Number(/(\d{4})-/.exec(file)?.[1])).sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    for (const { file, text } of adrs) {
      const [, number = "", title = ""] = /^# (\d+)\. (.+)$/m.exec(text) ?? [];
      const slug = title
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-|-$/g, "");
      expect(title.split(" ").length).toBeGreaterThan(3);
      const [named] = /\d{4}-[^/\\]+(?=\.md$)/.exec(file) ?? [];
      expect(named?.slice(0, 4)).toBe(number.padStart(4, "0"));
      expect(text).toContain("**So**");
      expect(slug.length).toBeGreaterThan(10);
    }
  });
});
