import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Cell, Subject } from "../cell.ts";
import { installedSize } from "../installed-size.ts";
import { programFile } from "../program-file.ts";
import { wallMs } from "../stopwatch.ts";
import {
  ABSURD,
  DBOS,
  GRAPHILE,
  isQueue,
  LANGGRAPH,
  PAWL,
  PG_BOSS,
  RESTATE,
  SYSTEMS,
  VERCEL_WORKFLOW,
} from "../systems/names.ts";
import { eachThatRuns, openHomes, type SystemHome } from "../systems/open-systems.ts";
import { subjectOf } from "../systems/system-subjects.ts";

/** What a program imports to run a durable workflow or a job. */
const IMPORTS: ReadonlyMap<string, readonly string[]> = new Map([
  [PAWL.name, ["@pawl/host", "@pawl/store-postgres"]],
  [DBOS.name, ["@dbos-inc/dbos-sdk"]],
  [RESTATE.name, ["@restatedev/restate-sdk", "@restatedev/restate-sdk-clients"]],
  [ABSURD.name, ["absurd-sdk"]],
  [LANGGRAPH.name, ["@langchain/langgraph", "@langchain/langgraph-checkpoint-postgres"]],
  [GRAPHILE.name, ["graphile-worker"]],
  [PG_BOSS.name, ["pg-boss"]],
  [VERCEL_WORKFLOW.name, ["@workflow/core/runtime", "@workflow/world-postgres"]],
]);
const PACKAGES = [
  "core",
  "effects",
  "host",
  "store-postgres",
  "store-memory",
  "mcp",
  "mcp-cache",
  "arcp-protocol",
  "ai-sdk",
  "http",
  "queue-runner",
  "otel",
  "testing",
];
const HERE = fileURLToPath(import.meta.url);
const IMPORTER = programFile("import-time");

export const coldStartCell: Cell = {
  name: "cold-start",
  title: "Cold start and size, beside other systems",
  about: `
    *Process start to first step*: from the start of a new Node process, whose database has been migrated
    before, until it has run a workflow of two steps (of the queues: a job) and told so. *Import*: in a new
    process, of what a program imports for that; Node's own start is not in it. *Size*: the files of those
    packages and of all that they depend on, each once, as they are installed here; and Pawl's packages one
    by one.
  `,
  notShown: `
    A cold disk: the files have been read before. A bundler, which leaves much of a package out. A schema
    library: no system's program here checks anything, and one that describes its tools with zod waits for its
    import, too, which is told by itself. Restate's
    server runs already and is not in the time; its program is not in its size. Sizes are those of one
    platform.
  `,
  whereItGoes: `
    The import is first of all the driver of PostgreSQL. It is nearly all of Absurd's, whose own part is one small file, since what it
    does lies in the database, as functions. What Pawl has beside it is mostly the compiling of a runtime that does its work in the process.
    Then come two connections, made side by side, each of which costs a process of PostgreSQL its own start; the settings of the database and
    its migrations; the proof that a connection hears of other processes; the lease of the node, and the first looks for work. Each is a
    statement that a new connection has to plan, and code that runs for the first time, as does the first turn. A worker that polls
    asks less before it begins: nobody takes over from it at once. In size it is Pawl's own packages, and of these more than half is
    declarations, sources and maps, for whoever reads or debugs them: it would be behind Absurd without them, too.
  `,
  maxRounds: 5,
  async open() {
    const homes = await openHomes();
    const subjects: Subject[] = [];
    const better = { of: "peer", atMost: 1 } as const;

    async function firstStep(home: SystemHome, job: boolean): Promise<number> {
      let stop = async () => {};
      const ms = await wallMs(async () => {
        const worker = await home.start("worker");
        stop = worker.close;
        if (job) await worker.ask("jobs", 1);
        else await worker.ask("workflows", 1, 2);
      });
      await stop();
      return ms;
    }

    const absent = await eachThatRuns(SYSTEMS, async (name) => {
      const home = await homes.make(name);
      const job = isQueue(name);
      await firstStep(home, job);
      const imports = IMPORTS.get(name.name)!;
      const { all } = await installedSize(imports.map(packageOf), HERE);
      const start = { of: "process start to first step", unit: "ms", target: better };
      const load = { of: "import", unit: "ms", target: better };
      const size = { of: "size with dependencies", unit: "MiB", target: better };
      subjects.push(
        subjectOf(name.name, start, () => firstStep(home, job)),
        subjectOf(name.name, load, () => importMs(imports)),
        subjectOf(name.name, size, () => all / 2 ** 20),
      );
    });
    for (const name of PACKAGES.map((short) => `@pawl/${short}`)) {
      const { own } = await installedSize([name], HERE);
      subjects.push(
        { name: `import of ${name}`, unit: "ms", sample: () => importMs([name]) },
        { name: `size of ${name} itself`, unit: "KiB", sample: () => own / 2 ** 10 },
      );
    }
    subjects.push({
      name: "import of zod, as an application may have it beside",
      unit: "ms",
      sample: () => importMs(["zod"]),
    });
    return { subjects, absent, close: homes.close };
  },
};

/** Without the path within it. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

async function importMs(packages: readonly string[]): Promise<number> {
  const child = fork(IMPORTER, [...packages], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const exited = once(child, "exit");
  const [ms] = (await Promise.race([
    once(child, "message"),
    exited.then(([code]) => {
      throw new Error(`Importing ${packages.join(", ")} ended with ${code}.`);
    }),
  ])) as [number];
  await exited;
  return ms;
}
