import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { FULL, QUICK } from "../cell.ts";
import { cells } from "../cells/index.ts";
import type { Figure } from "../figure.ts";
import { formatNumber } from "../print-table.ts";
import { runCell } from "../run-cell.ts";
import { checkOut } from "./check-out.ts";
import { confirm, type Fall, judge, type Measurement } from "./judge.ts";

export interface CompareOptions {
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly json: boolean;
  readonly say: (text: string) => void;
  /** Told what is being measured, every few seconds. */
  readonly tell: (text: string) => void;
  readonly signal: AbortSignal;
}

/** What became of all cells. */
export interface Verdict {
  /** Ratios that fell. */
  readonly fell: number;
  /** Cells that failed, here or before, so that nothing is known of them. */
  readonly failed: number;
}

/** How figures of before are come by. */
interface Before {
  /** @throws Error when they cannot be measured */
  measure(cell: string): Promise<readonly Figure[]>;
  /** Empty where there is no more than the first. */
  measureAgain(cell: string): Promise<readonly Figure[]>;
  close(): Promise<void>;
}

/**
 * Compares ratios with those of a commit, cell by cell in turn on this machine, or of a file of JSON lines. What fell by more than the
 * noise is measured a second time, and counts when both together say so. Cells that need a peer are left out unless they are asked for:
 * what changes between two commits is ours.
 *
 * @throws Error for a commit that is not there, or that cannot be built, and when nothing could be compared
 */
export async function compareWith(against: string, options: CompareOptions): Promise<Verdict> {
  const { only, quick, json, say, tell, signal } = options;
  const before = existsSync(against) ? await fromFile(against) : await fromCommit(against, options);
  let compared = 0;
  let fell = 0;
  let failed = 0;
  async function measureNow(name: string): Promise<readonly Figure[]> {
    const cell = await cells.get(name)!();
    return (await runCell(cell, quick ? QUICK : FULL, signal, tell)).figures;
  }
  async function compare(name: string): Promise<void> {
    const first: Measurement = { now: await measureNow(name), before: await before.measure(name) };
    if (json) for (const figure of first.now) process.stdout.write(`${JSON.stringify(figure)}\n`);
    const { compared: count, falls: suspected, gone } = judge(first);
    let falls: readonly Fall[] = [];
    if (suspected.length > 0) {
      say(`${name}: ${suspected.length} of ${count} ratios may have fallen. Measured again.`);
      // In the other order: what the machine does meanwhile falls on the other.
      const again = await before.measureAgain(name);
      falls = confirm(suspected, first, { before: again, now: await measureNow(name) });
      const isFlukeOf = (fall: Fall) =>
        falls.every(({ subject, of }) => subject !== fall.subject || of !== fall.of);
      for (const fluke of suspected.filter(isFlukeOf)) say(`${lineOf(fluke)}, but not over both`);
    }
    say(`${name}: ${count} ratios, ${falls.length === 0 ? "none fell" : `${falls.length} fell`}`);
    for (const fall of falls) say(lineOf(fall));
    if (gone.length > 0) say(`  not compared, since they have no ratio any more: ${gone.join("; ")}`);
    compared += count;
    fell += falls.length;
  }
  try {
    const names = only.length > 0 ? only : [...cells.keys()].filter((name) => !needsPeers(name));
    for (const name of names) {
      try {
        await compare(name);
      } catch (cause) {
        if (signal.aborted) throw cause;
        // The others are still worth their time.
        failed += 1;
        say(`${name}: not compared. It failed: ${(cause as Error).message}`);
      }
    }
  } finally {
    await before.close();
  }
  if (compared === 0)
    throw new Error(`Nothing could be compared: ${against} has no ratio that these cells have.`);
  const unknown = failed === 0 ? "" : `, and ${failed} cells could not be compared`;
  say(
    `\n${compared} ratios were compared with ${against}; ${fell} fell by more than the measured noise${unknown}.`,
  );
  return { fell, failed };
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
    measureAgain: async () => [],
    close: async () => undefined,
  };
}

async function fromCommit(commit: string, { quick, say, tell, signal }: CompareOptions): Promise<Before> {
  say(`${commit} is checked out and built, which takes a minute or two.`);
  const other = await checkOut(commit, signal);
  async function measure(cell: string): Promise<readonly Figure[]> {
    tell(`${cell}: the same at ${commit}`);
    const args = ["--only", cell, "--json", ...(quick ? ["--quick"] : [])];
    const lines = (await other.bench(args)).split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line) as Figure);
  }
  return { measure, measureAgain: measure, close: other.close };
}
