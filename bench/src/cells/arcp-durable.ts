import { nodeId } from "@pawl/core";
import { durablePersistence } from "@pawl/server/arcp";
import { postgresStore } from "@pawl/store-postgres";
import { startTestPostgres } from "@pawl/test-postgres";
import type { ArcpSystem } from "../arcp/arcp-system.ts";
import { openPawlSystem } from "../arcp/pawl-system.ts";
import { bareCommits } from "../bare-commits.ts";
import type { Cell } from "../cell.ts";
import { endsWithCell } from "../ends-with-cell.ts";
import { wallMs } from "../stopwatch.ts";

const LINES = 10_000;
const LEASE_MS = 3_600_000;

export const arcpDurableCell: Cell = {
  name: "arcp-durable",
  title: "ARCP, kept in PostgreSQL",
  about: `
    Jobs as in the cell \`arcp\`, kept as the server keeps them: in a PostgreSQL of its own with its default
    durability, everything stored before it is sent. In memory mode beside it, in the same run. The floor is
    one-row commits, one after another, by bare \`pg\` on one connection.
  `,
  notShown: `
    Client, runtime and database share this machine. There is no network to the database, and the agents do
    nothing.
  `,
  maxRounds: 5,
  async open({ scale }) {
    const server = await startTestPostgres();
    const stopServer = endsWithCell(server.stop);
    const store = postgresStore({ url: server.url });
    await store.open();
    const lease = await store.leases.openNode(nodeId("bench"), { ttlMs: LEASE_MS });
    const persistence = durablePersistence({
      jobs: store.jobs,
      incarnation: "bench",
      holder: async () => lease,
    });
    const bare = await bareCommits(server.url);
    const floor = "commits of one row, bare pg";
    const durable = await openPawlSystem(persistence);
    const memory = await openPawlSystem();

    const alone = "durable submit → result, 1 in flight";
    const crowd = "durable submit → result, 64 in flight";
    return {
      subjects: [
        { name: floor, unit: "/s", sample: () => bare.perSecond(50 * scale) },
        { name: alone, unit: "/s", floor, sample: () => perSecond(durable, 50 * scale, 1) },
        {
          name: crowd,
          unit: "/s",
          floor,
          target: { of: "value", atLeast: 500 },
          sample: () => perSecond(durable, 640 * scale, 64),
        },
        {
          name: `${LINES} durable events of one job`,
          unit: "/s",
          floor,
          sample: () => linesPerSecond(durable),
        },
        {
          name: "submit → result in memory, 1 in flight",
          unit: "/s",
          sample: () => perSecond(memory, 200 * scale, 1),
        },
        {
          name: "submit → result in memory, 64 in flight",
          unit: "/s",
          sample: () => perSecond(memory, 640 * scale, 64),
        },
      ],
      async close() {
        await bare.close();
        await durable.close();
        await memory.close();
        persistence.close();
        await store.close();
        await stopServer();
      },
    };
  },
};

async function perSecond(system: ArcpSystem, jobs: number, inFlight: number): Promise<number> {
  let next = 0;
  const worker = async () => {
    while (next < jobs) await system.roundTrip(next++);
  };
  return (1_000 * jobs) / (await wallMs(() => Promise.all(Array.from({ length: inFlight }, worker))));
}

async function linesPerSecond(system: ArcpSystem): Promise<number> {
  const ms = await wallMs(() => system.logLines(LINES));
  return (1_000 * LINES) / ms;
}
