import { agent } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import { backgroundTask, createHost, type Host } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { anything } from "../anything.ts";
import { bareCommits } from "../bare-commits.ts";
import type { Cell } from "../cell.ts";
import { startMeasuredPostgres } from "../measured-postgres.ts";
import { SECRET } from "../secret.ts";

const NO_MODEL: Model = {
  id: "bench/model",
  call: () => Promise.reject(new Error("A background task calls no model.")),
};
const AT_ONCE = 16;
const COUNT = 5_000;

export const jobsCell: Cell = {
  name: "jobs",
  title: "Background tasks",
  about: `
    5,000 background tasks that are queued and do nothing, drained by one process that does 16 at once. Each leaves the log of its start and its end. Queueing is not timed: the
    clock runs from the host's start to the last of them. The floor is one-row commits, one after another, by
    bare \`pg\` on one connection.
  `,
  notShown: `
    Jobs that take time, which 16 at once would hide, nor several processes.
  `,
  async open() {
    const postgres = await startMeasuredPostgres();
    const bare = await bareCommits(postgres.url);
    const floor = "commits of one row, bare pg";
    let databases = 0;

    async function newDatabase(): Promise<string> {
      databases += 1;
      await postgres.bare.query(`create database jobs${databases}`);
      const url = new URL(postgres.url);
      url.pathname = `/jobs${databases}`;
      return url.href;
    }

    /** Queues with one host that never drives, drains with another. */
    async function perSecond(queue: (host: Host<never>, n: number) => Promise<unknown>): Promise<number> {
      const url = await newDatabase();
      const over = Promise.withResolvers<void>();
      let left = COUNT;
      const done = () => {
        left -= 1;
        if (left === 0) over.resolve();
      };
      const task = backgroundTask({ name: "job", input: anything, run: async () => done() ?? null });
      const agents = [agent({ name: "bench" })];
      const open = (store: ReturnType<typeof postgresStore>, tasks: readonly (typeof task)[]) =>
        createHost({
          store,
          secret: SECRET,
          model: NO_MODEL,
          agents,
          tasks: tasks as never,
          concurrency: AT_ONCE,
        }) as Host<never>;
      const filling = postgresStore({ url, listenUrl: false });
      await filling.open();
      const queueing = open(filling, []);
      for (let from = 0; from < COUNT; from += 50) {
        const size = Math.min(50, COUNT - from);
        await Promise.all(Array.from({ length: size }, (_, i) => queue(queueing, from + i)));
      }
      await queueing.stop();
      await filling.close();
      const store = postgresStore({ url });
      await store.open();
      const host = open(store, [task]);
      const began = performance.now();
      await host.start();
      await over.promise;
      const ms = performance.now() - began;
      await host.stop();
      await store.close();
      return (1_000 * COUNT) / ms;
    }

    const job = backgroundTask({ name: "job", input: anything, run: async () => null });
    return {
      subjects: [
        { name: floor, unit: "/s", sample: () => bare.perSecond(1_000) },
        {
          name: "background tasks",
          unit: "/s",
          floor,
          sample: () => perSecond((host, n) => host.tasks.start(job, { n })),
        },
      ],
      async close() {
        await bare.close();
        await postgres.close();
      },
    };
  },
};
