import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { FULL, QUICK } from "../cell.ts";
import { cells } from "../cells/index.ts";
import type { Figure } from "../figure.ts";
import { formatNumber } from "../print-table.ts";
import { runCell } from "../run-cell.ts";
import { checkOut } from "./check-out.ts";
import { type Fall, judge } from "./judge.ts";

export interface CompareOptions {
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly json: boolean;
  readonly say: (text: string) => void;
  /** Told what is being measured, every few seconds. */
  readonly tell: (text: string) => void;
  readonly signal: AbortSignal;
}

/** How figures of before are come by. */
interface Before {
  measure(cell: string): Promise<readonly Figure[]>;
  close(): Promise<void>;
}

/**
 * Compares ratios with those of a commit, cell by cell in turn on this machine, or of a file of JSON lines. What fell by more than the
 * noise is measured a second time, and counts when it fell again. Cells that need a peer are left out unless they are asked for: what
 * changes between two commits is ours.
 *
 * @returns how many ratios fell
 * @throws Error for a commit that is not there, or that cannot be built
 */
export async function compareWith(against: string, options: CompareOptions): Promise<number> {
  const { only, quick, json, say, tell, signal } = options;
  const before = existsSync(against) ? await fromFile(against) : await fromCommit(against, options);
  let compared = 0;
  const fallen: Fall[] = [];
  try {
    const names = only.length > 0 ? only : [...cells.keys()].filter((name) => !needsPeers(name));
    for (const name of names) {
      const now = async () => {
        const cell = await cells.get(name)!();
        return (await runCell(cell, quick ? QUICK : FULL, signal, tell)).figures;
      };
      const figures = await now();
      if (json) for (const figure of figures) process.stdout.write(`${JSON.stringify(figure)}\n`);
      let judged = judge(await before.measure(name), figures);
      if (judged.falls.length > 0) {
        say(`${name}: ${judged.falls.length} of ${judged.compared} ratios fell. Measured again.`);
        const again = judge(await before.measure(name), await now());
        const isSame = (a: Fall) => (b: Fall) => a.subject === b.subject && a.of === b.of;
        const isAgain = (fall: Fall) => again.falls.some(isSame(fall));
        for (const fluke of judged.falls.filter((fall) => !isAgain(fall)))
          say(`${lineOf(fluke)}, but not again`);
        judged = { ...judged, falls: judged.falls.filter(isAgain) };
      }
      compared += judged.compared;
      fallen.push(...judged.falls);
      const found = judged.falls.length === 0 ? "none fell" : `${judged.falls.length} fell`;
      say(`${name}: ${judged.compared} ratios, ${found}`);
      for (const fall of judged.falls) say(lineOf(fall));
    }
  } finally {
    await before.close();
  }
  if (compared === 0)
    throw new Error(`Nothing could be compared: ${against} has no ratio that these cells have.`);
  say(
    `\n${compared} ratios were compared with ${against}; ${fallen.length} fell by more than the measured noise.`,
  );
  return fallen.length;
}

function needsPeers(cell: string): boolean {
  return cell.startsWith("peers-") || cell === "cold-start";
}

function lineOf({ subject, of, before, now, worse, noise }: Fall): string {
  const ratios = `${formatNumber(before)} × → ${formatNumber(now)} ×`;
  return `  ${subject}, to ${of}: ${ratios}, ${formatNumber(worse)} times worse (noise ${Math.round(100 * noise)} %)`;
}

async function fromFile(file: string): Promise<Before> {
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  const figures = lines.map((line) => JSON.parse(line) as Figure);
  return {
    measure: async (cell) => figures.filter(({ bench }) => bench === cell),
    close: async () => undefined,
  };
}

async function fromCommit(commit: string, { quick, say, signal }: CompareOptions): Promise<Before> {
  say(`${commit} is checked out and built, which takes a minute or two.`);
  const other = await checkOut(commit, signal);
  return {
    async measure(cell) {
      const args = ["--only", cell, "--json", ...(quick ? ["--quick"] : [])];
      const lines = (await other.bench(args)).split("\n").filter((line) => line.startsWith("{"));
      return lines.map((line) => JSON.parse(line) as Figure);
    },
    close: other.close,
  };
}
