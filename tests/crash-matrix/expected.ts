import { readFileSync } from "node:fs";
import type { CrashPoint, When } from "./crash-point.ts";
import { nameOf } from "./crash-point.ts";
import { PERFORMED } from "./story.ts";

/** One cell of the table. */
export interface Expected {
  /** How often, at least and at most. */
  readonly performed: { readonly [what: string]: readonly [least: number, most: number] };
  readonly asked: "yes" | "no" | null;
}

export interface ExpectedTable {
  /** In the order of the table. */
  readonly points: readonly CrashPoint[];
  of(point: CrashPoint): Expected | undefined;
}

const MOMENTS: readonly When[] = ["before", "inside", "after"];
const NONE = "–";

/** Reads the tables below a heading of `expected.md`. @throws Error for a cell that is not one */
export function readExpected(heading: string): ExpectedTable {
  const text = readFileSync(new URL("expected.md", import.meta.url), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`expected.md has no section "${heading}".`);
  const cells = new Map<string, Expected>();
  const points: CrashPoint[] = [];
  for (const line of section.split("\n").filter((line) => line.startsWith("|"))) {
    const [at = "", ...texts] = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (at === "point" || /^-+$/.test(at)) continue;
    for (const [index, when] of MOMENTS.entries()) {
      const cell = texts[index] ?? NONE;
      if (cell === NONE) continue;
      points.push({ at, when });
      cells.set(nameOf({ at, when }), readCell(cell, line));
    }
  }
  return { points, of: (point) => cells.get(nameOf(point)) };
}

function readCell(cell: string, line: string): Expected {
  const match = /^(\d+) (\d+) (\d+) (\d+)(?:\+(\d+))?(?: (yes|no))?$/.exec(cell);
  if (match === null) throw new Error(`expected.md: "${cell}" is no cell, in ${line}`);
  const performed = Object.fromEntries(
    PERFORMED.map((what, index) => {
      const least = Number(match[index + 1]);
      return [what, [least, least + (what === "model" ? Number(match[5] ?? 0) : 0)] as const];
    }),
  );
  return { performed, asked: (match[6] as "yes" | "no" | undefined) ?? null };
}
