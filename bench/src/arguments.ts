import { parseArgs } from "node:util";
import { cells } from "./cells/index.ts";

export interface Arguments {
  readonly quick: boolean;
  readonly json: boolean;
  readonly docs: boolean;
  readonly help: boolean;
  /** Cells by name; empty for all. */
  readonly only: readonly string[];
  /** A commit or a file of JSON lines to compare with. */
  readonly against: string | undefined;
}

const HELP = `pnpm bench [--quick] [--only NAME]… [--json] [--docs] [--against COMMIT|FILE]

  --quick      few and short samples: enough to see a mistake, not a few per cent
  --only NAME  this cell alone; several with commas between, or given several times
  --json       one line a figure on stdout (use \`pnpm -s bench --json\`); everything else goes to stderr
  --docs       writes what was measured to docs/benchmarks: a page, plots and the JSON lines of each cell
  --against X  compares ratios with those of commit X, measured in turn on this machine, or of a file of JSON lines;
               tells which fell by more than the measured noise, and ends with 1 then
  --help       this

All cells take about three quarters of an hour; with --quick about twenty minutes. What is being measured is
told on stderr every few seconds. None may take longer than ten minutes.

Cells: ${[...cells.keys()].join(", ")}
`;

/** Ends the process when help is asked for, and with 2 when something is wrong with them, which it says. */
export function argumentsOrEnd(args: readonly string[]): Arguments {
  try {
    const read = readArguments(args);
    if (!read.help) return read;
    process.stdout.write(HELP);
    process.exit(0);
  } catch (cause) {
    process.stderr.write(`${(cause as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

/** @throws Error that says what is wrong with them */
export function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
      docs: { type: "boolean", default: false },
      against: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  // Each once, however often it is named.
  const only = [...new Set(values.only.flatMap((names) => names.split(",").map((name) => name.trim())))];
  const unknown = only.filter((name) => !cells.has(name));
  if (unknown.length > 0)
    throw new Error(
      `There is no cell named ${unknown.map((name) => `"${name}"`).join(", ")}. There are those that stand below.`,
    );
  if (values.docs && values.against !== undefined)
    throw new Error("--docs and --against do not go together: measure for the docs alone.");
  return { ...values, only, against: values.against };
}
