// `pnpm crash-matrix`: crashes one turn everywhere and compares what comes of it with a table, see expected.md.
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { startTestPostgres } from "@pawl/test-postgres";
import { databaseMatrix } from "./database-matrix.ts";
import type { Backend, Verdict } from "./judge.ts";
import { memoryMatrix, type Tell } from "./memory-matrix.ts";
import { processMatrix } from "./process-matrix.ts";
import { heading, lineOf } from "./report.ts";
import { stallMatrix } from "./stall-matrix.ts";

const BACKENDS: readonly Backend[] = ["memory", "process", "stall", "database"];
const DATABASE_RUNS = 10;
const HELP = `Crashes one recorded turn at every point and compares what comes of it with a table.

Usage: pnpm crash-matrix [options]

  --only <backend>  one of them: memory, process (SIGKILL), stall (SIGSTOP, SIGCONT), database (SIGKILL of PostgreSQL)
  --seed <number>   the moments at which the database is killed; the seed of every run is printed
  --json            one JSON object a line: each verdict, then the sum
  -h, --help

The table is tests/crash-matrix/expected.md. Exit code 1 when anything differs from it, 2 for wrong arguments.
`;

interface Options {
  readonly only: Backend | undefined;
  readonly seed: number;
  readonly json: boolean;
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string" },
        seed: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    const only = values.only as Backend | undefined;
    if (only !== undefined && !BACKENDS.includes(only))
      throw new Error(`--only takes ${BACKENDS.join(", ")}, not "${only}".`);
    const seed = values.seed === undefined ? randomInt(1, 1_000_000) : Number(values.seed);
    if (!Number.isSafeInteger(seed)) throw new Error(`--seed takes a whole number, not "${values.seed}".`);
    return { only, seed, json: values.json };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}

async function run({ only, seed, json }: Options): Promise<boolean> {
  const verdicts: Verdict[] = [];
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const tell: Tell = (verdict) => {
    verdicts.push(verdict);
    say(json ? JSON.stringify({ type: "verdict", ...verdict }) : lineOf(verdict));
  };
  const wants = (backend: Backend) => only === undefined || only === backend;
  const begin = (text: string) => json || say(`\n${text}\n${heading()}`);

  if (wants("memory")) {
    begin("In memory, with simulated faults");
    await memoryMatrix(tell);
  }
  if (only !== "memory") {
    // The database that is killed waits for its disk, as one in production does.
    const postgres = await startTestPostgres({ fsync: only === "database" || only === undefined });
    try {
      if (wants("process")) {
        begin("On PostgreSQL, the process killed by SIGKILL");
        await processMatrix(postgres.url, tell);
      }
      if (wants("stall")) {
        begin("On PostgreSQL, the process stalled by SIGSTOP and let go after another one took over");
        await stallMatrix(postgres.url, tell);
      }
      if (wants("database")) {
        begin(`On PostgreSQL, the database killed by SIGKILL at random moments (--seed ${seed})`);
        await databaseMatrix(postgres, tell, { seed, runs: DATABASE_RUNS });
      }
    } finally {
      await postgres.stop();
    }
  }
  const failed = verdicts.filter(({ passed }) => !passed);
  const passed = verdicts.length - failed.length;
  if (json) say(JSON.stringify({ type: "sum", passed, failed: failed.length, seed }));
  else say(`\n${passed} passed, ${failed.length} failed`);
  return failed.length === 0;
}

process.exit((await run(readOptions())) ? 0 : 1);
