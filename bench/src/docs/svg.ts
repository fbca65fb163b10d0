import { formatNumber } from "../print-table.ts";

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly kind: "floor" | "ours" | "peer";
}

export interface Curve {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const WIDTH = 720;
/** Room for the names of bars, as far as they need it. */
const LABELS = { least: 120, aCharacter: 6.6 } as const;
const ROW = 26;
const TOP = 40;
const PLOT_HEIGHT = 280;
const LEFT = 70;
const RIGHT = 200;
/** Readable on white and on black, and told apart by those who see few colours. */
const INK = "#7d8590";
const COLOURS = ["#3b82f6", "#d97706", "#10b981", "#a855f7", "#ef4444"] as const;
const FILL = { floor: INK, ours: COLOURS[0], peer: COLOURS[1] } as const;

/** Bars from zero, one under another, each with its value behind it. */
export function barChart({ title, bars }: { readonly title: string; readonly bars: readonly Bar[] }): string {
  const longest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const labels = Math.max(LABELS.least, ...bars.map(({ label }) => 16 + LABELS.aCharacter * label.length));
  const room = WIDTH - labels - 80;
  const rows = bars.map(({ label, value, kind }, i) => {
    const y = TOP + i * ROW;
    const length = Math.max((room * value) / longest, 1);
    return [
      text(labels - 8, y + 14, label, "end"),
      `<rect x="${round(labels)}" y="${y}" width="${round(length)}" height="${ROW - 8}" rx="2" fill="${FILL[kind]}"/>`,
      text(labels + length + 6, y + 14, formatNumber(value), "start"),
    ].join("\n");
  });
  return svg(title, TOP + bars.length * ROW + 8, rows);
}

export interface CurveChart {
  readonly title: string;
  /** What is varied. */
  readonly x: string;
  readonly curves: readonly Curve[];
}

/** Lines over two logarithmic axes: a straight one is a power, and its slope the exponent. */
export function curveChart({ title, x, curves }: CurveChart): string {
  const points = curves.flatMap((curve) => curve.points).filter((point) => point.y > 0);
  const across = scale(
    points.map((point) => point.x),
    LEFT,
    WIDTH - RIGHT,
  );
  const up = scale(
    points.map((point) => point.y),
    TOP + PLOT_HEIGHT,
    TOP,
  );
  const bottom = TOP + PLOT_HEIGHT;
  const axes = [
    ...across.ticks.map((tick) => line(across.at(tick), TOP, across.at(tick), bottom, 0.2)),
    ...across.ticks.map((tick) => text(across.at(tick), bottom + 18, formatNumber(tick), "middle")),
    ...up.ticks.map((tick) => line(LEFT, up.at(tick), WIDTH - RIGHT, up.at(tick), 0.2)),
    ...up.ticks.map((tick) => text(LEFT - 8, up.at(tick) + 4, formatNumber(tick), "end")),
    text((LEFT + WIDTH - RIGHT) / 2, bottom + 38, x, "middle"),
  ];
  const ends = spreadOut(curves.map(({ points }) => up.at(points.at(-1)?.y ?? 1)));
  const lines = curves.map(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length]!;
    const shown = points.filter((point) => point.y > 0);
    const path = shown.map((point) => `${round(across.at(point.x))},${round(up.at(point.y))}`).join(" ");
    const dots = shown.map(
      (point) =>
        `<circle cx="${round(across.at(point.x))}" cy="${round(up.at(point.y))}" r="3" fill="${colour}"/>`,
    );
    const label = text(WIDTH - RIGHT + 10, ends[i]! + 4, name, "start", colour);
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...dots,
      label,
    ].join("\n");
  });
  return svg(title, bottom + 52, [...axes, ...lines]);
}

/** A logarithmic axis over whole powers of ten. */
function scale(values: readonly number[], from: number, to: number) {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values)) - 1e-9), low + 1);
  return {
    at: (value: number) => from + ((to - from) * (Math.log10(value) - low)) / (high - low),
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
  };
}

/** Labels that would lie upon each other are moved down. */
function spreadOut(heights: readonly number[]): readonly number[] {
  const moved = [...heights];
  const order = heights.map((_, i) => i).toSorted((a, b) => heights[a]! - heights[b]!);
  for (let k = 1; k < order.length; k++)
    moved[order[k]!] = Math.max(moved[order[k]!]!, moved[order[k - 1]!]! + 16);
  return moved;
}

function svg(title: string, height: number, parts: readonly string[]): string {
  const style = 'font-family="system-ui, sans-serif" font-size="12"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ${style} role="img">`,
    `<title>${escaped(title)}</title>`,
    `<text x="8" y="20" font-weight="600" fill="${INK}">${escaped(title)}</text>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function text(
  x: number,
  y: number,
  words: string,
  anchor: "start" | "middle" | "end",
  fill: string = INK,
): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${fill}">${escaped(words)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, opacity: number): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${INK}" opacity="${opacity}"/>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
