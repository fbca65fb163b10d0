import type { Cell, Subject } from "../cell.ts";
import { sharedSample } from "../shared-sample.ts";
import { quantile } from "../statistics.ts";
import {
  ABSURD,
  BARE,
  DBOS,
  GRAPHILE,
  LANGGRAPH,
  PAWL,
  PG_BOSS,
  RESTATE,
  unable,
  VERCEL_WORKFLOW,
} from "../systems/names.ts";
import { openSystems } from "../systems/open-systems.ts";
import { subjectOf } from "../systems/system-subjects.ts";

const SYSTEMS = [
  BARE,
  PAWL,
  GRAPHILE,
  PG_BOSS,
  DBOS,
  ABSURD,
  RESTATE,
  VERCEL_WORKFLOW,
  unable(LANGGRAPH, "It has no queue: whoever wants something done runs it."),
];
const SHARES = [
  ["p50", 0.5],
  ["p95", 0.95],
] as const;

export const peersLatencyCell: Cell = {
  name: "peers-latency",
  title: "One job on an idle system, beside other systems",
  about: `
    One trivial job after another, given to a system that has nothing else to do: from asking for it until
    whoever asked knows that it is done and durable. Each system is in a process of its own over one
    PostgreSQL with its default durability, asks itself, and uses its fastest way: Pawl a background task,
    and beside it a whole turn of an agent with one call of a model; graphile-worker and pg-boss their
    notifications; DBOS \`startWorkflow\`, which begins in the process that asks without a queue; Restate a
    request to its server; Absurd a worker that polls every 10 ms; Vercel Workflow a workflow of one step. The
    floor is two one-row commits, one after the other, by bare \`pg\` in a process of its own, too: what any
    system waits for that writes a job down before it runs, and its end before it tells of it.
  `,
  notShown: `
    Asking from another process, which makes DBOS's queue wait for its next poll and Pawl send a notification,
    and a network. Jobs do nothing. The end is known in different ways: Pawl, DBOS and Restate tell whoever
    asked, graphile-worker tells its own process, and of pg-boss, Absurd and Vercel Workflow it is asked every
    few milliseconds.
  `,
  whereItGoes: `
    A background task is two commits that wait for the disk, one after another: its registration with the
    claim, and its end. DBOS and graphile-worker need as many, so that the target leaves us a fraction of what the
    floor leaves them: half of the best peer's time is not far above the floor itself. Of what is above it half is
    PostgreSQL, which asks the fence, keeps the order of those that wait, and writes three tables and their indexes
    where the floor writes one; the rest is this process before, between and after the two. Nobody else is told of
    the end, since nobody else has asked for it. A body that ran before its registration is on
    the disk would save one, and could happen without anybody having asked for it. A turn is two statements in a row, too:
    its input is accepted and its session claimed in one, its model is asked while the turn is being begun, and its answer is
    written with its commit. Both do more than a job's, and the input's own flush and the session's leave run beside them
    in the same process.
  `,
  maxRounds: 5,
  async open({ scale }) {
    const systems = await openSystems(SYSTEMS);
    const times = 15 * scale;
    const subjects: Subject[] = [];
    const floorOf = (share: string) => `two commits, one after another, bare pg, ${share}`;
    const turnOf = (share: string) => `enqueue → done, a turn, ${share}`;
    for (const [name, { worker, name: system }] of systems.running) {
      const read = sharedSample(() => worker.ask("jobs", system.slow === true ? 5 : times));
      for (const [share, at] of SHARES) {
        if (name === BARE.name) {
          subjects.push({ name: floorOf(share), unit: "ms", sample: read((ms) => quantile(ms, at)) });
          continue;
        }
        const figure = {
          of: `enqueue → done, a job, ${share}`,
          unit: "ms",
          floor: floorOf(share),
          alsoOurs: [turnOf(share)],
          ...(share === "p50" && { target: { of: "peer", atMost: 0.5 } as const }),
        };
        subjects.push(
          subjectOf(
            name,
            figure,
            read((ms) => quantile(ms, at)),
          ),
        );
      }
      if (name !== PAWL.name) continue;
      const readTurns = sharedSample(() => worker.ask("turns", times));
      for (const [share, at] of SHARES)
        subjects.push({
          name: turnOf(share),
          unit: "ms",
          floor: floorOf(share),
          sample: readTurns((ms) => quantile(ms, at)),
        });
    }
    return { subjects, absent: systems.absent, close: systems.close };
  },
};
