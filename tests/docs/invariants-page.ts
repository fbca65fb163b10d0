import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./error-codes.ts";

export interface Invariant {
  readonly id: string;
  readonly text: string;
  readonly file: string;
}

/** The numbered invariants of all source headers: ` * - T1 …` or ` * T1 …`, with the lines that go on. */
export function invariantsInSources(): readonly Invariant[] {
  const found: Invariant[] = [];
  for (const area of ["packages", "apps"]) {
    for (const name of readdirSync(join(ROOT, area)).sort()) {
      const src = join(area, name, "src");
      for (const file of filesOf(src)) {
        const path = `${src}/${file}`.replaceAll("\\", "/");
        found.push(...ofHeader(readFileSync(join(ROOT, src, file), "utf8"), path));
      }
    }
  }
  return found;
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .sort();
  } catch {
    return [];
  }
}

function ofHeader(source: string, file: string): readonly Invariant[] {
  const found: { id: string; text: string; file: string }[] = [];
  let open: { id: string; text: string; file: string } | undefined;
  for (const line of source.split("\n")) {
    const begins = /^ \* (?:- )?([A-Z]\d{1,2})\s+(\S.*)$/.exec(line);
    const goesOn = /^ \*\s{3,}(\S.*)$/.exec(line);
    if (begins) {
      open = { id: begins[1] ?? "", text: begins[2] ?? "", file };
      found.push(open);
    } else if (goesOn && open) open.text += ` ${goesOn[1]}`;
    else open = undefined;
  }
  // A rule of the durability protocol (D…) is cited in many files and belongs to none.
  return found.filter(({ id }) => !id.startsWith("D"));
}

export function invariantsPage(invariants: readonly Invariant[]): string {
  const lines = [
    "# Invariants",
    "",
    "What always holds, numbered in the header of the file that owns it, and cited by number in code and in the titles of tests.",
    "This page is collected from those headers by `pnpm --filter @pawl/tests run docs`: change them there.",
  ];
  for (const file of new Set(invariants.map((invariant) => invariant.file))) {
    lines.push("", `## \`${file}\``, "");
    for (const invariant of invariants) {
      if (invariant.file === file) lines.push(`- **${invariant.id}** ${invariant.text}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
