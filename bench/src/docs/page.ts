import type { AbsentPeer, Cell } from "../cell.ts";
import type { Figure } from "../figure.ts";
import { COLUMNS, isNumber, rowOf } from "../print-table.ts";

export interface PageFacts {
  readonly date: string;
  readonly machine: string;
  /** Programs that wanted a processor, on average over the last minute. */
  readonly load: number;
  readonly versions: readonly string[];
  readonly commit: string | undefined;
  readonly command: string;
}

export interface PageContents {
  readonly figures: readonly Figure[];
  readonly absent: readonly AbsentPeer[];
  readonly plots: readonly { readonly title: string; readonly file: string }[];
  readonly facts: PageFacts;
}

/** The page of one cell, as Markdown. */
export function pageOf(cell: Cell, { figures, absent, plots, facts }: PageContents): string {
  const rounds = [...new Set(figures.map((figure) => figure.rounds))].join(" or ");
  const how = rounds === "1" ? "measured once" : `medians of ${rounds} rounds`;
  const head = COLUMNS.map((column) => (column === "" ? " " : column));
  const rows = [head, COLUMNS.map((_, i) => (isNumber(i) ? "--:" : "---")), ...figures.map(rowOf)];
  const commit = facts.commit === undefined ? "" : `, at commit ${facts.commit}`;
  return [
    `# ${cell.title}`,
    flowed(cell.about),
    "## What this does not show",
    flowed(cell.notShown),
    "## Figures",
    rows.map((row) => `| ${row.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`).join("\n"),
    absent.map(({ name, reason }) => `- ${name} is not measured. ${flowed(reason)}`).join("\n"),
    ...plots.map(({ title, file }) => `![${title}](${file})`),
    cell.whereItGoes === undefined ? "" : "## Where it goes",
    flowed(cell.whereItGoes ?? ""),
    "## How this was measured",
    [
      `\`${facts.command}\` on ${facts.date}${commit}, ${how}. ${facts.machine}. Load average at the end ${facts.load.toFixed(1)}.`,
      `${facts.versions.join(", ")}.`,
      "Ratios are medians of the ratios within each round; the [index](README.md) says how to read them.",
      "This page is written by that command with `--docs`: change the bench, not the page.",
    ].join("\n"),
  ]
    .filter((part) => part !== "")
    .map((part) => `${part}\n`)
    .join("\n");
}

/** One paragraph, however it was wrapped in the source. */
function flowed(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}
