import pg from "pg";
import { bareCommits } from "../bare-commits.ts";
import type { Cell, Subject } from "../cell.ts";
import { folderBytes } from "../folder-bytes.ts";
import { sharedSample } from "../shared-sample.ts";
import {
  ABSURD,
  DBOS,
  GRAPHILE,
  LANGGRAPH,
  PAWL,
  PG_BOSS,
  RESTATE,
  unable,
  VERCEL_WORKFLOW,
} from "../systems/names.ts";
import { eachThatRuns, openHomes, type SystemName } from "../systems/open-systems.ts";
import type { SystemProcess } from "../systems/start-system.ts";
import { subjectOf } from "../systems/system-subjects.ts";

const NO_STEPS = "It keeps a job until it is done, and knows neither steps nor conversations.";
const SYSTEMS = [
  PAWL,
  DBOS,
  RESTATE,
  ABSURD,
  LANGGRAPH,
  VERCEL_WORKFLOW,
  unable(GRAPHILE, NO_STEPS),
  unable(PG_BOSS, NO_STEPS),
];
const TALKS: ReadonlySet<string> = new Set([PAWL.name, LANGGRAPH.name]);
const STEPS = 1_000;
const TURNS = 100;
const CHARACTERS = 500;

interface Written {
  readonly disk: number;
  readonly log: number;
}

export const peersBytesCell: Cell = {
  name: "peers-bytes",
  title: "Bytes on disk and in PostgreSQL's log, beside other systems",
  about: `
    One workflow of 1,000 steps, and a conversation of 100 turns, which is 200 messages
    of 500 characters. Pawl's workflow is the body of a composite tool, which one turn of an agent calls
    once. A *call* is one of 1,000 of a model and a tool in one turn, which the others do not know: its row
    has an outcome with a part of the conversation in it, and it is compared with their steps all the same.
    *On disk* is by how much the system's database grew, with its indexes. *Log* is what
    PostgreSQL wrote to its write-ahead log meanwhile, after a checkpoint of its own. Steps, calls and
    conversations have a database each; a step *between conversations* is one in the database of these. Restate keeps its data
    in files of its own, whose growth is shown as both. The floor is a row of 200 bytes, and the characters
    of the messages.
  `,
  notShown: `
    What vacuum, compaction or pruning give back later. Files and tables grow by whole blocks, which a few
    steps do not fill. DBOS, Restate and Absurd keep no conversations: an application would keep its own.
    The other systems are idle meanwhile, and what they write then is in the log too: little. Steps return a
    few bytes.
  `,
  whereItGoes: `
    On disk a step is its row in the log, with one entry in the index. In PostgreSQL's log it is also the
    images of pages that are written for the first time after a checkpoint, which is right before each sample
    and every few minutes otherwise. Between conversations these are many: rows of steps are small, and
    PostgreSQL puts them into what is left of pages that the messages have filled.
  `,
  maxRounds: 3,
  async open() {
    const homes = await openHomes();
    const bare = await bareCommits(homes.url);
    const admin = new pg.Client({ connectionString: homes.url });
    admin.on("error", () => undefined);
    await admin.connect();

    async function look(url: string, folder?: string): Promise<Written> {
      const { rows } = await admin.query<{ disk: string; log: string }>(
        "select pg_database_size($1) as disk, pg_current_wal_insert_lsn() - '0/0' as log",
        [new URL(url).pathname.slice(1)],
      );
      if (folder === undefined) return { disk: Number(rows[0]?.disk), log: Number(rows[0]?.log) };
      const bytes = await folderBytes(folder);
      return { disk: bytes, log: bytes };
    }

    async function written(
      url: string,
      folder: string | undefined,
      work: () => Promise<unknown>,
    ): Promise<Written> {
      await admin.query("checkpoint");
      const before = await look(url, folder);
      await work();
      const after = await look(url, folder);
      return { disk: after.disk - before.disk, log: after.log - before.log };
    }

    const stepsOf = ({ slow }: SystemName) => (slow === true ? STEPS / 10 : STEPS);
    const started = async (name: SystemName) => {
      const home = await homes.make(name);
      return { home, worker: await home.start("worker") };
    };
    type Started = Awaited<ReturnType<typeof started>>;
    const sampleOf = ({ home, worker }: Started, work: (worker: SystemProcess) => Promise<unknown>) =>
      sharedSample(() => written(home.url, home.companion?.folder, () => work(worker)));
    const floorOf = { disk: "a row of 200 bytes, on disk", log: "a row of 200 bytes, log" } as const;
    const floor = sharedSample(() => written(homes.url, undefined, () => bare.commit(STEPS)));
    const characters = `characters of ${2 * TURNS} messages`;
    const subjects: Subject[] = [
      { name: floorOf.disk, unit: "bytes", sample: floor(({ disk }) => disk / STEPS) },
      { name: floorOf.log, unit: "bytes", sample: floor(({ log }) => log / STEPS) },
      { name: characters, unit: "bytes", sample: () => 2 * TURNS * CHARACTERS },
    ];
    const target = { of: "peer", atMost: 1 } as const;
    const absent = await eachThatRuns(SYSTEMS, async (system) => {
      const { name } = system;
      const ours = name === PAWL.name;
      const runSteps = (worker: SystemProcess) => worker.ask("workflows", 1, stepsOf(system));
      const steps = sampleOf(await started(system), runSteps);
      const calls = ours
        ? sampleOf(await started(system), (worker) => worker.ask("calls", 1, STEPS))
        : undefined;
      const talking = TALKS.has(name) ? await started(system) : undefined;
      const talk = talking && sampleOf(talking, (worker) => worker.ask("converse", TURNS, CHARACTERS));
      const between = ours && talking !== undefined ? sampleOf(talking, runSteps) : undefined;
      for (const kind of ["disk", "log"] as const) {
        const where = kind === "disk" ? "on disk" : "log";
        const unit = "bytes";
        const floor = floorOf[kind];
        const call = { of: `a call of a model or a tool, ${where}`, unit, floor };
        const mixed = { of: `a step between conversations, ${where}`, unit, floor };
        const step = { of: `a step, ${where}`, unit, floor, target, alsoOurs: [call.of, mixed.of] };
        const session = {
          of: `a session of ${2 * TURNS} messages, ${where}`,
          unit,
          floor: characters,
          target,
        };
        const ofStep = (of: Written) => of[kind] / stepsOf(system);
        const ofCall = (of: Written) => of[kind] / STEPS;
        subjects.push(subjectOf(name, step, steps(ofStep)));
        if (calls !== undefined) subjects.push(subjectOf(name, call, calls(ofCall)));
        if (between !== undefined) subjects.push(subjectOf(name, mixed, between(ofStep)));
        if (talk !== undefined)
          subjects.push(
            subjectOf(
              name,
              session,
              talk((of) => of[kind]),
            ),
          );
      }
    });
    return {
      subjects,
      absent,
      async close() {
        await admin.end().catch(() => undefined);
        await bare.close();
        await homes.close();
      },
    };
  },
};
