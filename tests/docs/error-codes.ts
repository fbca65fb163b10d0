import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Where a code is given, `packages/x/src/y.ts`, by code. */
export type Codes = ReadonlyMap<string, readonly string[]>;

/** Suites of contracts break on purpose, with codes of their own. */
const ON_PURPOSE = /-suite[/\\]/;

/** A code where nothing else can stand. */
const CODE = `"([a-z]+(?:_[a-z0-9]+)*)"`;

/** Where other words can stand too, a code has at least two: `"utf8"` is something else. */
const LONG_CODE = `"([a-z]+(?:_[a-z0-9]+)+)"`;

/**
 * The codes that the sources give: `new …Error("code", …)`, `code: "code"`, `PawlError.from(thrown, "code")`, and calls of a package's
 * own functions that take a code and a message.
 */
export function codesInSources(): Codes {
  const codes = new Map<string, string[]>();
  for (const area of ["packages", "apps"]) {
    for (const name of readdirSync(join(ROOT, area))) {
      const files = sourcesOf(join(area, name));
      const patterns = patternsFor(files.map(({ text }) => text));
      for (const { path, text } of files) {
        for (const pattern of patterns) {
          for (const [, code = ""] of text.matchAll(pattern)) {
            codes.set(code, [...(codes.get(code) ?? []), path]);
          }
        }
      }
    }
  }
  return codes;
}

/** Every word in quotes that might be a code, wherever it stands: what is documented must be among these. */
export function wordsInSources(): ReadonlySet<string> {
  const words = new Set<string>();
  for (const area of ["packages", "apps"]) {
    for (const name of readdirSync(join(ROOT, area))) {
      for (const { text } of sourcesOf(join(area, name))) {
        for (const [, word = ""] of text.matchAll(new RegExp(CODE, "g"))) words.add(word);
      }
    }
  }
  return words;
}

function sourcesOf(folder: string): readonly { readonly path: string; readonly text: string }[] {
  const src = join(ROOT, folder, "src");
  let files: string[];
  try {
    files = readdirSync(src, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
  return files
    .filter((file) => file.endsWith(".ts") && !ON_PURPOSE.test(file))
    .map((file) => ({
      path: join(folder, "src", file),
      text: readFileSync(join(src, file), "utf8"),
    }));
}

function patternsFor(texts: readonly string[]): readonly RegExp[] {
  const makers = new Set(
    texts.flatMap((text) => [...text.matchAll(/\bfunction (\w+)\(\s*code: /g)].map((m) => m[1] ?? "")),
  );
  const patterns = [
    `new \\w+Error\\(\\s*${CODE},`,
    `\\bcode: ${LONG_CODE}`,
    `\\w\\.from\\(\\w+, ${LONG_CODE}`,
  ];
  if (makers.size > 0) patterns.push(`\\b(?:${[...makers].join("|")})\\(\\s*${CODE},`);
  return patterns.map((pattern) => new RegExp(pattern, "g"));
}

/** The codes that docs/errors.md has an anchor for, in order. */
export function documentedCodes(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^### `([^`]+)`$/gm)].map((m) => m[1] ?? "");
}

export function shortPath(path: string): string {
  return path
    .split(/[/\\]/)
    .slice(0, 2)
    .join("/")
    .concat(`/…/${basename(path)}`);
}
