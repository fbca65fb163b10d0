// `node main [--quick] [--only NAME]… [--json] [--docs] [--against X]`: measures the cells and prints what they came to.
import { loadavg } from "node:os";
import { compareWith } from "./against/compare-with.ts";
import { argumentsOrEnd } from "./arguments.ts";
import { FULL, QUICK } from "./cell.ts";
import { cells } from "./cells/index.ts";
import { writePages } from "./docs/write-pages.ts";
import { machineLine } from "./machine-facts.ts";
import { tableOf } from "./print-table.ts";
import { runCell } from "./run-cell.ts";

const { quick, only, json, docs, against } = argumentsOrEnd(process.argv.slice(2));
const say = (text: string) => (json ? process.stderr : process.stdout).write(`${text}\n`);
// What a cell has started is ended with it; a second signal ends this at once. One that is sent to all processes comes twice, also
// from whoever has started this.
const SAME_SIGNAL_MS = 1_000;
const stopping = new AbortController();
let stoppedAt = Number.POSITIVE_INFINITY;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (performance.now() - stoppedAt > SAME_SIGNAL_MS) process.exit(130);
    stoppedAt = Math.min(stoppedAt, performance.now());
    stopping.abort();
  });
}
const tell = (text: string) => void process.stderr.write(`${text}\n`);
const load = () =>
  loadavg()
    .map((value) => value.toFixed(2))
    .join(" ");
const names = only.length > 0 ? only : [...cells.keys()];

async function measure(): Promise<void> {
  for (const name of names) {
    try {
      const cell = await cells.get(name)!();
      const measured = await runCell(cell, quick ? QUICK : FULL, stopping.signal, tell);
      if (json) for (const figure of measured.figures) process.stdout.write(`${JSON.stringify(figure)}\n`);
      else say(tableOf(name, measured.figures));
      for (const peer of measured.absent) say(`  ${name}: ${peer.name} is not measured. ${peer.reason}`);
      if (measured.absent.length > 0) say("");
      // What is left of a comparison without it is easily won.
      if (measured.absent.some(({ failed }) => failed)) process.exitCode = 1;
      if (docs) say(`Written: ${(await writePages(cell, measured, { quick })).join(", ")}\n`);
    } catch (cause) {
      if (stopping.signal.aborted) process.exit(130);
      // The others are still worth their time.
      process.stderr.write(`${name} failed: ${cause instanceof Error ? cause.stack : String(cause)}\n`);
      process.exitCode = 1;
    }
  }
  say(`Load average at the end ${load()}. A missed target is told and fails nothing: machines differ.`);
}

say(`${machineLine()}, load average ${load()}\n`);
if (against === undefined) await measure();
else {
  try {
    const { fell, failed } = await compareWith(against, {
      only,
      quick,
      json,
      say,
      tell,
      signal: stopping.signal,
    });
    if (fell > 0) process.exitCode = 1;
    else if (failed > 0) process.exitCode = 2;
  } catch (cause) {
    if (stopping.signal.aborted) process.exit(130);
    process.stderr.write(`${(cause as Error).message}\n`);
    process.exitCode = 2;
  }
}
// Whatever a peer has left running in this process must not keep it.
process.stdout.write("", () => process.exit());
