import { fork } from "node:child_process";
import { once } from "node:events";
import type { Cell } from "../cell.ts";
import { startMeasuredPostgres } from "../measured-postgres.ts";
import { programFile } from "../program-file.ts";

const COUNT = 10_000;
/** The other way that the documentation names. */
const BOUND = "--max-semi-space-size=8";
const ONE_PARKED = "memory with one parked session, resident";
const PROGRAM = programFile("parked-sessions");

interface Memory {
  /** Resident bytes, once V8 has given back the pages that it keeps of what was garbage. */
  readonly rss: number;
  /** Resident bytes with those. */
  readonly rssAsLeft: number;
  /** Bytes of JavaScript values that are in use. */
  readonly heapUsed: number;
}

interface Cost {
  readonly before: Memory;
  readonly after: Memory;
  /** Turns that went on and were committed. */
  readonly resumed: number;
  /** From the first answer until the last turn went on, with the start of the process that answers. */
  readonly resumedMs: number;
}

export const parkedCell: Cell = {
  name: "parked",
  title: "Parked sessions",
  // Each process is filled once, which takes long: more rounds would tell the same samples again.
  maxRounds: 1,
  noWarmUp: true,
  about: `
    What 10,000 sessions that wait for an approval cost the process that parked them, once it has rested for 20 s:
    a host with its default concurrency in a program that calls \`keepMemorySmall()\`, as \`pawl serve\` does and the
    [documentation](../observability.md) advises for one of one's own. Beside it are the same without that, with
    V8's defaults; started with \`NODE_OPTIONS=--max-semi-space-size=8\` in place of it; and so with 128 sessions
    driven at once in place of 16. Their turns leave garbage, whose pages V8 keeps for what comes next, so memory is told as
    it was left, after collections, and once V8 was asked to give pages back, as it does when memory is short. In the end
    another process answers all of them, and a turn that is not committed then is an error.
  `,
  notShown: `
    The database, where each of them is a few rows. Memory while they are being parked, which \`keepMemorySmall()\` bounds as
    the other way does.
  `,
  whereItGoes: `
    What a parked session leaves in use is small. Until it is parked its turn has made many times as much garbage,
    part of it the driver's. The rest is V8's room for that: under any load it lets the young part of the heap grow
    on a machine with much memory, and the old part to a multiple of what is in use. When both are smaller after a
    collection it keeps their pages, for ever where nothing is done: it takes a process that allocates nothing for
    one that allocates much. With a bound on the young part a process stays smaller by what the rows above tell.
  `,
  async open() {
    const postgres = await startMeasuredPostgres();
    let databases = 0;

    async function cost(how?: "small" | number, ...options: readonly string[]): Promise<Cost> {
      databases += 1;
      const url = new URL(postgres.url);
      url.pathname = `/parked${databases}`;
      await postgres.bare.query(`create database parked${databases}`);
      const argument = how === undefined ? [] : [String(how)];
      const child = fork(PROGRAM, [url.href, String(COUNT), ...argument], {
        execArgv: ["--expose-gc", ...options],
      });
      const exited = once(child, "exit");
      const [cost] = (await Promise.race([
        once(child, "message"),
        exited.then(() => {
          throw new Error("The process with the parked sessions ended.");
        }),
      ])) as [Cost];
      await exited;
      if (cost.resumed !== COUNT) throw new Error(`${COUNT - cost.resumed} of ${COUNT} did not go on.`);
      return cost;
    }

    // Filling takes its time, so it is done once for each way of starting; what is timed is alone on the machine.
    const advised = cost("small");
    const others = advised.then(() => Promise.all([cost(), cost(undefined, BOUND), cost(128, BOUND)]));
    others.catch(() => undefined);
    const beside = [
      "with V8's defaults",
      `started with ${BOUND}`,
      `128 driven at once, started with ${BOUND}`,
    ];
    return {
      subjects: [
        {
          name: ONE_PARKED,
          unit: "MiB",
          sample: async () => (await advised).before.rssAsLeft / 2 ** 20,
        },
        {
          name: `memory with ${COUNT.toLocaleString("en-US")} parked sessions, resident`,
          unit: "MiB",
          floor: ONE_PARKED,
          // Judged as a user meets it, and not by what would be left if V8 gave pages back.
          target: { of: "value", atMost: 150 },
          sample: async () => (await advised).after.rssAsLeft / 2 ** 20,
        },
        ...beside.map((how, index) => ({
          name: `the same, ${how}`,
          unit: "MiB",
          floor: ONE_PARKED,
          sample: async () => ((await others)[index]?.after.rssAsLeft ?? Number.NaN) / 2 ** 20,
        })),
        {
          name: "without what V8 keeps of the garbage of their turns",
          unit: "MiB",
          floor: ONE_PARKED,
          sample: async () => (await advised).after.rss / 2 ** 20,
        },
        {
          name: "memory in use, more than before, for each",
          unit: "bytes",
          sample: async () => {
            const { before, after } = await advised;
            return (after.heapUsed - before.heapUsed) / COUNT;
          },
        },
        {
          name: "answered by another process until it has gone on, all at once, for each",
          unit: "ms",
          sample: async () => (await advised).resumedMs / COUNT,
        },
      ],
      close: async () => {
        await others.catch(() => undefined);
        await postgres.close();
      },
    };
  },
};
