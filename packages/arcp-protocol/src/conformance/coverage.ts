import type { Requirement } from "./requirement.ts";
import { REQUIREMENTS, SECTIONS } from "./requirements.ts";

/** A test and the requirements that its title cites. */
export interface Citation {
  file: string;
  title: string;
  ids: readonly string[];
}

export interface Coverage {
  /** Requirements that no test cites. */
  untested: readonly Requirement[];
  /** Citations of requirements that do not exist. */
  unknown: readonly { id: string; file: string }[];
}

/** A string literal that begins with requirement ids in brackets: the title of a test. */
const citation = /(["'`])\[((?:\d+(?:\.\d+)*-\d+)(?:,\s*\d+(?:\.\d+)*-\d+)*)\]\s*((?:\\.|(?!\1).)*)\1/g;

/** Reads the citations out of a test file's source: `test("[6.3-1, 6.3-2] the token rotates", …)`. */
export function citationsIn(file: string, source: string): Citation[] {
  return [...source.matchAll(citation)].map(([, , ids = "", title = ""]) => ({
    file,
    title,
    ids: ids.split(/,\s*/),
  }));
}

/** Both directions: every requirement has a test, every citation a requirement. */
export function coverageOf(citations: readonly Citation[]): Coverage {
  const cited = new Set(citations.flatMap(({ ids }) => ids));
  const known = new Set(REQUIREMENTS.map(({ id }) => id));
  return {
    untested: REQUIREMENTS.filter(({ id }) => !cited.has(id)),
    unknown: citations.flatMap(({ file, ids }) =>
      ids.filter((id) => !known.has(id)).map((id) => ({ id, file })),
    ),
  };
}

/** The conformance table of the docs, in Markdown. */
export function conformanceTable(citations: readonly Citation[]): string {
  const lines = ["# ARCP 1.1 conformance", ""];
  const tested = REQUIREMENTS.filter(({ id }) => citations.some(({ ids }) => ids.includes(id))).length;
  lines.push(
    `${tested} of ${REQUIREMENTS.length} requirements are tested. Level "ours" marks a decision where the draft is open.`,
  );
  for (const { number, title, requirements } of SECTIONS) {
    lines.push(
      "",
      `## ${number} ${title}`,
      "",
      "| id | level | side | requirement | tests |",
      "| --- | --- | --- | --- | --- |",
    );
    for (const { id, level, side, text } of requirements) {
      const files = new Set(citations.filter(({ ids }) => ids.includes(id)).map(({ file }) => file));
      const tests = [...files].sort().map((file) => `\`${file}\``);
      lines.push(`| ${id} | ${level} | ${side} | ${text} | ${tests.join(", ")} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}
