import type { Cell, Subject } from "../cell.ts";
import { sharedSample } from "../shared-sample.ts";
import { quantile } from "../statistics.ts";
import {
  ABSURD,
  BARE_NOTIFY,
  DBOS,
  GRAPHILE,
  LANGGRAPH,
  PAWL,
  PG_BOSS,
  RESTATE,
  unable,
  VERCEL_WORKFLOW,
} from "../systems/names.ts";
import { eachThatRuns, openHomes } from "../systems/open-systems.ts";
import type { SystemProcess } from "../systems/start-system.ts";
import { subjectOf } from "../systems/system-subjects.ts";

const SYSTEMS = [
  PAWL,
  DBOS,
  RESTATE,
  ABSURD,
  unable(LANGGRAPH, "Nobody waits for its interrupts: whoever has the answer runs the graph on itself."),
  unable(
    VERCEL_WORKFLOW,
    "Its workflows run in a sandbox: that one goes on shows only in its next step, which is more work.",
  ),
  unable(GRAPHILE, "Its jobs wait for no events."),
  unable(PG_BOSS, "Its jobs wait for no events."),
];
const SHARES = [
  ["p50", 0.5],
  ["p95", 0.95],
] as const;

/** So few that the last of them has not waited for long when its event comes. */
const AT_ONCE = 8;
/** Long enough that what the last one left to do is done. */
const QUIET_MS = 15;

export const peersEventsCell: Cell = {
  name: "peers-events",
  title: "From an event to the workflow that waited for it, beside other systems",
  about: `
    One process holds workflows that wait for an event each; another one sends the events, one after
    another and 15 ms apart, by that system's own client. The time is from before an event is sent to the workflow's next
    line, by a clock that both processes share. Pawl: a call of a tool that is answered later, and the next
    line is the next call of the model, which is made while the turn's rows are written that say what the answer was. DBOS: \`recv\` and
    \`send\`. Restate: an awakeable. Absurd: \`awaitEvent\` and \`emitEvent\`. Pawl's turns that have waited
    for half a second are parked, with nothing of them in memory: these are shown beside. The floor is what
    any event through PostgreSQL costs between two such processes: a row that a bare client inserts and
    announces in one statement, until the other one's bare connection has heard of it.
  `,
  notShown: `
    A network. DBOS and Restate keep what waits in the memory of its process for longer than this takes;
    Absurd never does, and its worker polls every 10 ms, 25 times as often as by default; polled even more often
    it would slow down whatever is measured beside it. DBOS's next line is behind the commit that takes
    the message, Absurd's behind a claim; Pawl's is beside one more commit, behind which it would be if it were the call of a tool; Restate's is behind nothing more.
  `,
  whereItGoes: `
    The answer is one commit; behind it are a notification and the look at the wait. The turn's own rows are another commit, and the model
    is asked beside it, since they only copy what is durable. Restate's awakeable is completed by its server, which the handler's connection hears in the same
    moment. A parked turn is claimed and replayed besides, and asks its model behind its rows.
  `,
  maxRounds: 5,
  async open({ scale }) {
    const homes = await openHomes();
    const subjects: Subject[] = [];

    async function latencies(
      worker: SystemProcess,
      client: SystemProcess,
      wait: "wait" | "waitParked",
    ): Promise<readonly number[]> {
      const ms: number[] = [];
      for (let i = 0; i < scale; i++)
        for (const name of await worker.ask(wait, AT_ONCE)) {
          await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
          const [at, began] = await Promise.all([worker.ask("wentOn", name), client.ask("signal", name)]);
          ms.push(at - began);
        }
      return ms;
    }

    const floorOf = (share: string) => `insert and notify, bare pg, other process, ${share}`;
    const parkedOf = (share: string) => `event → goes on, parked, ${share}`;
    const bare = await homes.make(BARE_NOTIFY);
    const hearing = await bare.start("worker");
    const telling = await bare.start("client");
    const readBare = sharedSample(() => latencies(hearing, telling, "wait"));
    for (const [share, at] of SHARES)
      subjects.push({ name: floorOf(share), unit: "ms", sample: readBare((ms) => quantile(ms, at)) });
    const absent = await eachThatRuns(SYSTEMS, async (name) => {
      const home = await homes.make(name);
      const worker = await home.start("worker");
      const client = await home.start("client");
      const read = sharedSample(() => latencies(worker, client, "wait"));
      for (const [share, at] of SHARES) {
        const figure = {
          of: `event → goes on, ${share}`,
          unit: "ms",
          floor: floorOf(share),
          alsoOurs: [parkedOf(share)],
          ...(share === "p50" && { target: { of: "peer", atMost: 0.5 } as const }),
        };
        subjects.push(
          subjectOf(
            name.name,
            figure,
            read((ms) => quantile(ms, at)),
          ),
        );
      }
      if (name !== PAWL) return;
      const readParked = sharedSample(() => latencies(worker, client, "waitParked"));
      for (const [share, at] of SHARES)
        subjects.push({
          name: parkedOf(share),
          unit: "ms",
          floor: floorOf(share),
          sample: readParked((ms) => quantile(ms, at)),
        });
    });
    return { subjects, absent, close: homes.close };
  },
};
