import type { Target } from "./cell.ts";
import { EXPONENT, type Figure } from "./figure.ts";

export const COLUMNS = [
  "subject",
  "median",
  "unit",
  "spread",
  "to floor",
  "to best peer",
  "ours to it",
  "target",
  "",
] as const;

/** The figures of one cell, for people. */
export function tableOf(bench: string, figures: readonly Figure[]): string {
  const all = [[...COLUMNS], ...figures.map(rowOf)];
  const widths = COLUMNS.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) => `  ${row.map((cell, column) => pad(cell, column, widths)).join("  ")}`);
  return [bench, ...lines.map((line) => line.trimEnd()), ""].join("\n");
}

/** As the columns are. */
export function rowOf(figure: Figure): readonly string[] {
  return [
    figure.subject,
    formatNumber(figure.value),
    figure.unit,
    figure.unit === EXPONENT
      ? `± ${formatNumber(figure.spread / 2)}`
      : `${Math.round(figure.spread * 100)} %`,
    formatRatio(figure.ratio_to_floor),
    formatRatio(figure.ratio_to_best_peer),
    // Lines that were written before there was this one have none.
    formatRatio(figure.ratio_of_ours ?? null),
    figure.target === null ? "" : formatTarget(figure.target),
    figure.met === null ? "" : figure.met ? "met" : "MISSED",
  ];
}

/** Of `COLUMNS`: numbers stand on the right. */
export function isNumber(column: number): boolean {
  return column === 1 || (column >= 3 && column <= 6);
}

function pad(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column]!;
  return isNumber(column) ? cell.padStart(width) : cell.padEnd(width);
}

function formatTarget({ of, atLeast, atMost }: Target): string {
  const times = { value: "", ratio: " ×", peer: " × peer", medianPeer: " × median peer" }[of];
  return atLeast === undefined ? `≤ ${formatNumber(atMost!)}${times}` : `≥ ${formatNumber(atLeast)}${times}`;
}

function formatRatio(ratio: number | null): string {
  return ratio === null ? "" : `${formatNumber(ratio)} ×`;
}

export function formatNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(0);
  const digits = Math.abs(value) >= 1_000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
  return value.toLocaleString("en-US", digits);
}
