import { fork } from "node:child_process";
import { once } from "node:events";
import type { Cell } from "../cell.ts";
import { startMeasuredPostgres } from "../measured-postgres.ts";
import { programFile } from "../program-file.ts";

const COUNT = 10_000;
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
  about: `
    What 10,000 sessions that wait for an approval cost the process that parked them. Their turns leave garbage, whose pages V8 keeps for what comes next, however long the
    process is idle; \`NODE_OPTIONS=--max-semi-space-size=2\` bounds that. So memory is told twice: once V8
    was asked to give them back, as it does when memory is short, and as it was left. In the end another
    process answers all of them, and a turn that is not committed then is an error.
  `,
  notShown: `
    The database, where each of them is a few rows.
  `,
  whereItGoes: `
    What a parked session leaves in use is small. While it is driven a turn holds some 30 KiB, and until it is
    parked it has made 330 KiB of garbage, a third of it the driver's. The rest is V8's room for that: under any
    load it lets the young part of the heap grow to some 100 MiB on a machine with much memory, and the old part to
    about four times what is in use, and gives neither back while there is enough. With a young part of
    8 MiB in place of the default a process is as quick and stays 100 MiB smaller; with 2 it takes a
    quarter more processor time.
  `,
  async open() {
    const postgres = await startMeasuredPostgres();
    let databases = 0;

    async function cost(...options: readonly string[]): Promise<Cost> {
      databases += 1;
      const url = new URL(postgres.url);
      url.pathname = `/parked${databases}`;
      await postgres.bare.query(`create database parked${databases}`);
      const child = fork(PROGRAM, [url.href, String(COUNT)], {
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

    // Filling takes its time, so it is done once for each way of starting, one after the other.
    const filled = cost();
    const bounded = filled.then(() => cost("--max-semi-space-size=2"));
    bounded.catch(() => undefined);
    return {
      subjects: [
        {
          name: `memory with ${COUNT.toLocaleString("en-US")} parked sessions, resident`,
          unit: "MiB",
          // Judged as a user meets it, and not by what would be left if V8 gave pages back.
          target: { of: "value", atMost: 150 },
          sample: async () => (await filled).after.rssAsLeft / 2 ** 20,
        },
        {
          name: "the same, started with --max-semi-space-size=2",
          unit: "MiB",
          target: { of: "value", atMost: 150 },
          sample: async () => (await bounded).after.rssAsLeft / 2 ** 20,
        },
        {
          name: "the same, without what V8 keeps of the garbage of their turns",
          unit: "MiB",
          sample: async () => (await filled).after.rss / 2 ** 20,
        },
        {
          name: "memory in use, more than before, for each",
          unit: "bytes",
          sample: async () => {
            const { before, after } = await filled;
            return (after.heapUsed - before.heapUsed) / COUNT;
          },
        },
        {
          name: "answered by another process until it has gone on, all at once, for each",
          unit: "ms",
          sample: async () => (await filled).resumedMs / COUNT,
        },
      ],
      close: async () => {
        await bounded.catch(() => undefined);
        await postgres.close();
      },
    };
  },
};
