import type { Verdict } from "./judge.ts";
import { PERFORMED } from "./story.ts";

const POINT_WIDTH = 46;

/** The columns of `lineOf`. */
export function heading(): string {
  return `      ${"point".padEnd(POINT_WIDTH)} ${PERFORMED.map((what) => what.padStart(6)).join(" ")}  asked  lost`;
}

/** One line of the table; what is wrong stands below it. */
export function lineOf({ passed, point, performed, asked, problems }: Verdict): string {
  const counts = PERFORMED.map((what) => String(performed[what] ?? "").padStart(6)).join(" ");
  const lost = passed ? "nothing" : "see below";
  const line = `${passed ? "ok  " : "FAIL"}  ${point.padEnd(POINT_WIDTH)} ${counts}  ${(asked ?? "").padEnd(5)}  ${lost}`;
  return [line, ...problems.map((problem) => `      ${problem}`)].join("\n");
}
