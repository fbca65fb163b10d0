import { readFile } from "node:fs/promises";
import { Absurd } from "absurd-sdk";
import pg from "pg";
import { wallMs } from "../stopwatch.ts";
import { ABSURD_SQL } from "./absurd-sql.ts";
import { expectCount, type OpenSystem } from "./system.ts";

/** Absurd: tasks with checkpointed steps in PostgreSQL, with a worker that polls every 10 ms. */
export const open: OpenSystem = async ({ url }) => {
  const sql = await readFile(process.env[ABSURD_SQL] ?? "", "utf8");
  const pool = new pg.Pool({ connectionString: url, max: 33 });
  await pool.query(sql);
  const app = new Absurd({ db: pool, queueName: "bench" });
  await app.createQueue("bench");
  let done = 0;
  app.registerTask<{ steps: number }>({ name: "chain" }, async ({ steps }, task) => {
    for (let i = 0; i < steps; i++)
      await task.step(`step ${i}`, async () => {
        done += 1;
        return { done };
      });
  });
  app.registerTask<{ n: number }>({ name: "job" }, async ({ n }) => {
    done += 1;
    return n;
  });
  const worker = (concurrency: number) =>
    app.startWorker({ concurrency, batchSize: concurrency, pollInterval: 0.01 });
  const finish = async (ids: readonly string[]) => {
    for (const id of ids) {
      const { state } = await app.awaitTaskResult(id, { timeout: 600 });
      if (state !== "completed") throw new Error(`A task ended as ${state}.`);
    }
  };

  return {
    async workflows(count, steps) {
      done = 0;
      const running = await worker(count);
      const ms = await wallMs(async () => {
        const spawned = await Promise.all(Array.from({ length: count }, () => app.spawn("chain", { steps })));
        await finish(spawned.map(({ taskID }) => taskID));
      });
      await running.close();
      expectCount("steps", done, count * steps);
      return ms;
    },
    async drain(jobs, concurrency) {
      done = 0;
      await Promise.all(Array.from({ length: jobs }, (_, n) => app.spawn("job", { n })));
      const began = performance.now();
      const running = await worker(concurrency);
      const counted = async () => {
        const { rows } = await pool.query(
          "select count(*)::int as n from absurd.t_bench where state <> 'completed' and state <> 'failed'",
        );
        return rows[0].n as number;
      };
      while (done < jobs || (await counted()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      const ms = performance.now() - began;
      await running.close();
      expectCount("jobs", done, jobs);
      return ms;
    },
    async close() {
      await app.close();
      await pool.end();
    },
  };
};
