import pg from "pg";
import type { Cell, Subject } from "../cell.ts";
import { residentBytes } from "../resident-bytes.ts";
import { sharedSample } from "../shared-sample.ts";
import { isQueue, LANGGRAPH, SYSTEMS, unable } from "../systems/names.ts";
import { eachThatRuns, openHomes, type SystemHome } from "../systems/open-systems.ts";
import type { SystemProcess } from "../systems/start-system.ts";
import { subjectOf } from "../systems/system-subjects.ts";

const WORKERS = [
  ...SYSTEMS.filter((name) => name !== LANGGRAPH),
  unable(LANGGRAPH, "It has no worker: nothing of it runs while there is nothing to do."),
];
/** PostgreSQL tells of a transaction about a second after it. */
const TOLD_AFTER_MS = 1_500;

export const peersIdleCell: Cell = {
  name: "peers-idle",
  title: "What an idle worker costs, beside other systems",
  about: `
    A worker process of each system that has done one job or workflow and has nothing to do since, with its
    default intervals. Queries are counted by PostgreSQL, as transactions of that system's database, for all
    systems over the same seconds. Memory is what is resident of the process, with Restate's server.
  `,
  notShown: `
    Statements within a transaction: some peers send several. What an application imports beside, for example
    a schema library such as zod, with which it describes tools: no system's program here checks
    anything. The connections on PostgreSQL's side. Restate's server has nothing to ask, since it keeps its own data.
  `,
  whereItGoes: `
    Of the memory more than half is Node itself. The rest is the driver of PostgreSQL, Pawl's own code, and what
    V8 keeps of a start. Of the queries three in four are the poll for sessions, every 400 ms; the others are
    the poll for background tasks, every two seconds, and every five the lease of the node, deadlines and the outbox.
  `,
  maxRounds: 3,
  async open({ scale }) {
    const homes = await openHomes();
    const running = new Map<string, { readonly home: SystemHome; readonly worker: SystemProcess }>();
    const absent = await eachThatRuns(WORKERS, async (name) => {
      const home = await homes.make(name);
      const worker = await home.start("idler");
      if (isQueue(name)) await worker.ask("jobs", 1);
      else await worker.ask("workflows", 1, 2);
      running.set(name.name, { home, worker });
    });
    const admin = new pg.Client({ connectionString: homes.url });
    admin.on("error", () => undefined);
    await admin.connect();
    const measureMs = 5_000 * scale;
    const databaseOf = (home: SystemHome) => new URL(home.url).pathname.slice(1);

    async function transactions(): Promise<ReadonlyMap<string, number>> {
      await new Promise((resolve) => setTimeout(resolve, TOLD_AFTER_MS));
      const { rows } = await admin.query<{ name: string; n: string }>(
        "select datname as name, xact_commit + xact_rollback as n from pg_stat_database",
      );
      return new Map(rows.map(({ name, n }) => [name, Number(n)]));
    }

    const counted = sharedSample(async () => {
      const before = await transactions();
      const began = performance.now();
      await new Promise((resolve) => setTimeout(resolve, measureMs));
      const after = await transactions();
      const seconds = (performance.now() - began) / 1_000;
      return (home: SystemHome) => {
        const name = databaseOf(home);
        return ((after.get(name) ?? Number.NaN) - (before.get(name) ?? 0)) / seconds;
      };
    });
    const target = { of: "medianPeer", atMost: 1 } as const;
    const queries = { of: "queries of an idle worker", unit: "/s", better: "less", target } as const;
    const memory = { of: "memory of an idle worker, resident", unit: "MiB", target } as const;
    const subjects: Subject[] = [];
    for (const [name, { home, worker }] of running) {
      const { companion } = home;
      if (companion === undefined)
        subjects.push(
          subjectOf(
            name,
            queries,
            counted((of) => of(home)),
          ),
        );
      const resident = async () => {
        const beside = companion === undefined ? 0 : await residentBytes(companion.pid);
        return ((await worker.residentBytes()) + beside) / 2 ** 20;
      };
      subjects.push(subjectOf(name, memory, resident));
    }
    return {
      subjects,
      absent,
      async close() {
        await admin.end().catch(() => undefined);
        await homes.close();
      },
    };
  },
};
