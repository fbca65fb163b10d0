import { Logger, makeWorkerUtils, run, runMigrations } from "graphile-worker";
import pg from "pg";
import type { OpenSystem, System } from "./system.ts";

const SILENT = new Logger(() => () => {});

/** graphile-worker with one query per job, its default. */
export const open: OpenSystem = (place) => openWorker(place.url, false);

/** @param batched takes and completes jobs in batches, which gives up that a crash repeats at most what was being worked on */
export async function openWorker(url: string, batched: boolean): Promise<System> {
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  // It wants to hear of every connection's errors.
  pool.on("error", () => undefined).on("connect", (client) => void client.on("error", () => undefined));
  await runMigrations({ pgPool: pool, logger: SILENT });
  const utils = await makeWorkerUtils({ pgPool: pool, logger: SILENT });
  let done = 0;
  let told: (() => void) | undefined;
  const taskList = {
    job: () => {
      done += 1;
      told?.();
    },
  };
  const worker = (concurrency: number) =>
    run({
      pgPool: pool,
      concurrency,
      taskList,
      logger: SILENT,
      noHandleSignals: true,
      ...(batched && {
        preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      }),
    });
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      told = () => done >= count && resolve();
      told();
    });
  const left = async () => {
    const { rows } = await pool.query<{ n: number }>("select count(*)::int as n from graphile_worker.jobs");
    return rows[0]?.n ?? 0;
  };
  let idle: Awaited<ReturnType<typeof worker>> | undefined;

  return {
    async drain(jobs, concurrency) {
      await idle?.stop();
      idle = undefined;
      done = 0;
      await utils.addJobs(Array.from({ length: jobs }, (_, n) => ({ identifier: "job", payload: { n } })));
      const began = performance.now();
      const running = await worker(concurrency);
      await until(jobs);
      // A job has been worked off when its row is gone.
      while ((await left()) > 0) await new Promise((resolve) => setTimeout(resolve, 2));
      const ms = performance.now() - began;
      await running.stop();
      return ms;
    },
    async job() {
      idle ??= await worker(1);
      done = 0;
      const began = performance.now();
      await utils.addJob("job", { n: 1 });
      await until(1);
      return performance.now() - began;
    },
    async close() {
      await idle?.stop();
      await utils.release();
      await pool.end();
    },
  };
}
