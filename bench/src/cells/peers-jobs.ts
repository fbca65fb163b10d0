import type { Cell } from "../cell.ts";
import {
  ABSURD,
  DBOS,
  GRAPHILE,
  GRAPHILE_BATCHED,
  LANGGRAPH,
  PAWL,
  PG_BOSS,
  PG_BOSS_BATCHED,
  RESTATE,
  unable,
  VERCEL_WORKFLOW,
} from "../systems/names.ts";
import { openSystems } from "../systems/open-systems.ts";
import { subjectOf } from "../systems/system-subjects.ts";

const JOBS = 5_000;
const CONCURRENCY = 16;
const SYSTEMS = [
  PAWL,
  GRAPHILE,
  PG_BOSS,
  DBOS,
  ABSURD,
  GRAPHILE_BATCHED,
  PG_BOSS_BATCHED,
  unable(RESTATE, "It has no queue that can be filled before somebody works it off."),
  unable(LANGGRAPH, "It has no queue."),
  unable(
    VERCEL_WORKFLOW,
    "Its queue is graphile-worker's, and cannot be filled with workflows before somebody works it off.",
  ),
];
/** They give up that a crash repeats no more than what was being worked on, so they stand beside and are no peers. */
const BESIDE: ReadonlySet<string> = new Set([GRAPHILE_BATCHED.name, PG_BOSS_BATCHED.name]);

export const peersJobsCell: Cell = {
  name: "peers-jobs",
  title: "Queued jobs, beside other systems",
  about: `
    A queue of 5,000 trivial jobs, worked off by one process, 16 at once. Queueing is
    not timed. The clock stops when the database says that all of them have ended. Each system is in a
    process of its own over one PostgreSQL with its default durability. The two batched modes take and
    complete many jobs in one statement: when a process dies or one job fails, all of its batch is repeated.
    They stand beside and are no peers.
  `,
  notShown: `
    Jobs do nothing. Pawl's job is a background task, with its registration, its log and its end, which the
    queues do not keep. DBOS's queue is polled every millisecond, and Absurd's every 10 ms when it finds nothing, which an
    operator would not do.
  `,
  maxRounds: 5,
  async open() {
    const systems = await openSystems(SYSTEMS);
    const figure = {
      of: `${JOBS.toLocaleString("en-US")} queued jobs, ${CONCURRENCY} at once`,
      unit: "/s",
      target: { of: "peer", atLeast: 2 },
      beside: BESIDE,
    } as const;
    const subjects = [...systems.running].map(([name, { worker }]) =>
      subjectOf(name, figure, async () => (1_000 * JOBS) / (await worker.ask("drain", JOBS, CONCURRENCY))),
    );
    return { subjects, absent: systems.absent, close: systems.close };
  },
};
