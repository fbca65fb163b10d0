import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type AskedProcess, startAskedProcess } from "../asked-process.ts";
import type { Cell } from "../cell.ts";
import { endsWithCell } from "../ends-with-cell.ts";
import { type MeasuredPostgres, startMeasuredPostgres } from "../measured-postgres.ts";
import { programFile } from "../program-file.ts";

/** PostgreSQL tells of a transaction about a second after it. */
const TOLD_AFTER_MS = 1_500;

const NODE_ALONE = "memory of Node that has loaded nothing, resident";

export const idleCell: Cell = {
  name: "idle",
  title: "An idle worker",
  about: `
    What a worker costs that has nothing to do: a process of its own with a host on PostgreSQL, its polls,
    timers and renewals. Queries are counted by PostgreSQL, as transactions of that database. The process calls
    \`keepMemorySmall()\`, as \`pawl serve\` does and the [documentation](../observability.md) advises for one
    of one's own; beside it is another one with V8's defaults. The floor of its memory is Node itself.
  `,
  notShown: `
    A worker that holds parked turns (see \`parked\`) or background tasks, nor the memory of what an
    application imports beside the host.
  `,
  whereItGoes: `
    More than half is Node itself; then the driver of PostgreSQL, Pawl's code, and what V8 keeps of a start.
  `,
  async open({ scale }) {
    const postgres = await startMeasuredPostgres();
    const watch = `select xact_commit + xact_rollback as n from pg_stat_database where datname = 'work'`;
    const small = await startWorker(postgres, "work", "small");
    const byDefault = await startWorker(postgres, "work_by_default");
    const measureMs = 5_000 * scale;

    async function transactions(): Promise<number> {
      await new Promise((resolve) => setTimeout(resolve, TOLD_AFTER_MS));
      const { rows } = await postgres.bare.query<{ n: string }>(watch);
      return Number(rows[0]?.n);
    }

    return {
      subjects: [
        {
          name: "queries of an idle worker",
          unit: "/s",
          target: { of: "value", atMost: 4 },
          sample: async () => {
            const before = await transactions();
            const began = performance.now();
            await new Promise((resolve) => setTimeout(resolve, measureMs));
            const after = await transactions();
            return (1_000 * (after - before)) / (performance.now() - began);
          },
        },
        {
          name: "memory of an idle worker, resident",
          unit: "MiB",
          floor: NODE_ALONE,
          target: { of: "value", atMost: 70 },
          sample: () => residentMib(small),
        },
        {
          name: "memory of an idle worker, with V8's defaults, resident",
          unit: "MiB",
          floor: NODE_ALONE,
          sample: () => residentMib(byDefault),
        },
        {
          name: NODE_ALONE,
          unit: "MiB",
          sample: async () => {
            const { stdout } = await promisify(execFile)(process.execPath, [
              "-p",
              "process.memoryUsage.rss()",
            ]);
            return Number(stdout) / 2 ** 20;
          },
        },
      ],
      async close() {
        await Promise.all([small.close(), byDefault.close()]);
        await postgres.close();
      },
    };
  },
};

/** In a database of its own. */
async function startWorker(
  { bare, url }: MeasuredPostgres,
  database: string,
  ...args: readonly string[]
): Promise<AskedProcess> {
  await bare.query(`create database ${database}`);
  const place = new URL(url);
  place.pathname = `/${database}`;
  const worker = await startAskedProcess(programFile("idle-worker"), [place.href, ...args]);
  return { ...worker, close: endsWithCell(worker.close) };
}

async function residentMib(worker: AskedProcess): Promise<number> {
  return Number(await worker.ask("residentBytes", [])) / 2 ** 20;
}
