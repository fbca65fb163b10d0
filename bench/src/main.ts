// `node src/main.ts [--quick] [--only NAME]… [--json]`: measures the cells and prints what they came to.
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { FULL, QUICK } from "./cell.ts";
import { cells } from "./cells/index.ts";
import { tableOf } from "./print-table.ts";
import { runCell } from "./run-cell.ts";

const HELP = `pnpm bench [--quick] [--only NAME]… [--json]

  --quick      few and short samples: enough to see a mistake, not a few per cent
  --only NAME  this cell alone; may be given several times
  --json       one line a figure on stdout (use \`pnpm -s bench --json\`); everything else goes to stderr
  --help       this

Cells: ${[...cells.keys()].join(", ")}
`;

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        only: { type: "string", multiple: true },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const { only = [], ...rest } = values;
    const unknown = only.filter((name) => !cells.has(name));
    if (unknown.length > 0) throw new Error(`There is no cell named ${unknown.join(", ")}.`);
    return { ...rest, only };
  } catch (cause) {
    process.stderr.write(`${(cause as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

const { quick, only, json, help } = readArguments();
if (help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const say = (text: string) => (json ? process.stderr : process.stdout).write(`${text}\n`);
// What a cell has started is ended with it; a second signal ends this at once.
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
const machineLoad = () =>
  loadavg()
    .map((value) => value.toFixed(2))
    .join(" ");

say(
  `Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model ?? "CPU"}, load average ${machineLoad()}\n`,
);
for (const [name, load] of cells) {
  if (only.length > 0 && !only.includes(name)) continue;
  try {
    const { judged, absent } = await runCell(await load(), quick ? QUICK : FULL, stopping.signal);
    if (json) for (const { figure } of judged) process.stdout.write(`${JSON.stringify(figure)}\n`);
    else say(tableOf(name, judged));
    for (const peer of absent) say(`  ${name}: ${peer.name} is not measured. ${peer.reason}\n`);
  } catch (cause) {
    if (stopping.signal.aborted) process.exit(130);
    // The others are still worth their time.
    process.stderr.write(`${name} failed: ${cause instanceof Error ? cause.stack : String(cause)}\n`);
    process.exitCode = 1;
  }
}
say(`Load average at the end ${machineLoad()}. A missed target is told and fails nothing: machines differ.`);
