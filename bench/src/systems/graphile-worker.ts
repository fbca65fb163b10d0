import { Logger, makeWorkerUtils, run, runMigrations } from "graphile-worker";
import pg from "pg";
import { eachMs } from "../stopwatch.ts";
import type { OpenSystem, System } from "./system.ts";
import { createTally } from "./tally.ts";

const SILENT = new Logger(() => () => {});

/** graphile-worker with one query per job, its default. It hears of new jobs from PostgreSQL. */
export const open: OpenSystem = (place) => openWorker(place.url, false, place.role === "idler" ? 10 : 20);

/**
 * @param batched takes and completes jobs in batches, which gives up that a crash repeats at most what was being worked on
 * @param connections two more than run at once, as it recommends, and some for the jobs' own
 */
export async function openWorker(url: string, batched: boolean, connections = 20): Promise<System> {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  // It wants to hear of every connection's errors.
  pool.on("error", () => undefined).on("connect", (client) => void client.on("error", () => undefined));
  await runMigrations({ pgPool: pool, logger: SILENT });
  const utils = await makeWorkerUtils({ pgPool: pool, logger: SILENT });
  const entered = createTally();
  const completed = createTally();
  const start = async (concurrency: number) => {
    const running = await run({
      pgPool: pool,
      concurrency,
      taskList: { job: () => entered.add() },
      logger: SILENT,
      noHandleSignals: true,
      ...(batched && {
        preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      }),
    });
    running.events.on("job:complete", () => completed.add());
    return running;
  };
  const left = async () => {
    const { rows } = await pool.query<{ n: number }>("select count(*)::int as n from graphile_worker.jobs");
    return rows[0]?.n ?? 0;
  };
  let idle: Awaited<ReturnType<typeof start>> | undefined = await start(1);

  return {
    async drain(jobs, concurrency) {
      await idle?.stop();
      idle = undefined;
      entered.reset();
      await utils.addJobs(Array.from({ length: jobs }, (_, n) => ({ identifier: "job", payload: { n } })));
      const began = performance.now();
      const running = await start(concurrency);
      await entered.reached(jobs);
      // A job has been worked off when its row is gone.
      while ((await left()) > 0) await new Promise((resolve) => setTimeout(resolve, 2));
      const ms = performance.now() - began;
      await running.stop();
      return ms;
    },
    async jobs(count) {
      idle ??= await start(1);
      return eachMs(count, async () => {
        completed.reset();
        const done = completed.reached(1);
        await utils.addJob("job", { n: 1 });
        await done;
      });
    },
    async close() {
      await idle?.stop();
      await utils.release();
      await pool.end();
    },
  };
}
