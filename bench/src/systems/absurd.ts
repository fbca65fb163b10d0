import { readFile } from "node:fs/promises";
import { Absurd } from "absurd-sdk";
import pg from "pg";
import { eachMs, monotonicMs, wallMs } from "../stopwatch.ts";
import { ABSURD_SQL } from "./absurd-sql.ts";
import { performStep } from "./step-file.ts";
import { expectCount, type OpenSystem } from "./system.ts";
import { createTally } from "./tally.ts";

const QUEUE = "bench";
const POLL_SECONDS = 0.01;
/** A lease as long as Pawl's default. Its own default is 120 s, and it is by its end alone that another worker hears of a crash. */
const CLAIM_SECONDS = 15;

/** Absurd: tasks with checkpointed steps in PostgreSQL, with a worker that polls every 10 ms. */
export const open: OpenSystem = async ({ url, role }) => {
  const pool = new pg.Pool({ connectionString: url, max: 33 });
  pool.on("error", () => undefined);
  const { rows } = await pool.query("select to_regnamespace('absurd') as schema");
  if (rows[0].schema === null) await pool.query(await readFile(process.env[ABSURD_SQL] ?? "", "utf8"));
  const app = new Absurd({ db: pool, queueName: QUEUE });
  await app.createQueue(QUEUE);
  const done = createTally();
  const waiting = createTally();
  const gone = new Map<string, PromiseWithResolvers<number>>();
  let made = 0;

  app.registerTask<{ steps: number }>({ name: "chain" }, async ({ steps }, task) => {
    const step = async () => {
      done.add();
      return { done: done.count };
    };
    for (let i = 0; i < steps; i++) await task.step(`step ${i}`, step);
  });
  app.registerTask<{ n: number }>({ name: "job" }, async ({ n }) => {
    done.add();
    return n;
  });
  app.registerTask<{ event: string }>({ name: "waiter" }, async ({ event }, task) => {
    // It is entered again after the event.
    waiting.add();
    await task.awaitEvent(event);
    gone.get(event)?.resolve(monotonicMs());
  });
  app.registerTask<{ steps: number; file: string }>({ name: "filed" }, async ({ steps, file }, task) => {
    for (let i = 0; i < steps; i++) await task.step(`step ${i}`, () => performStep(file, i));
  });
  const start = (concurrency: number) =>
    app.startWorker({
      concurrency,
      batchSize: concurrency,
      ...(role !== "idler" && { pollInterval: POLL_SECONDS }),
      claimTimeout: CLAIM_SECONDS,
    });
  /** Its own wait for a result looks less and less often. */
  const finished = async (id: string, everyMs: number) => {
    for (;;) {
      const result = await app.fetchTaskResult(id);
      if (result?.state === "completed") return;
      if (result?.state === "failed" || result?.state === "cancelled")
        throw new Error(`A task ended as ${result.state}.`);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };
  const unfinished = async (states: string) => {
    const { rows } = await pool.query(
      `select count(*)::int as n from absurd.t_${QUEUE} where state not in (${states})`,
    );
    return rows[0].n as number;
  };
  let idle = role === "client" ? undefined : await start(1);

  return {
    async workflows(count, steps) {
      done.reset();
      await idle?.close();
      const running = await start(count);
      const ms = await wallMs(async () => {
        const spawned = await Promise.all(Array.from({ length: count }, () => app.spawn("chain", { steps })));
        for (const { taskID } of spawned) await finished(taskID, 5);
      });
      await running.close();
      idle = await start(1);
      expectCount("steps", done.count, count * steps);
      return ms;
    },
    async drain(jobs, concurrency) {
      await idle?.close();
      idle = undefined;
      done.reset();
      await Promise.all(Array.from({ length: jobs }, (_, n) => app.spawn("job", { n })));
      const began = performance.now();
      const running = await start(concurrency);
      await done.reached(jobs);
      while ((await unfinished("'completed', 'failed'")) > 0)
        await new Promise((resolve) => setTimeout(resolve, 5));
      const ms = performance.now() - began;
      await running.close();
      expectCount("jobs", done.count, jobs);
      return ms;
    },
    async jobs(count) {
      idle ??= await start(1);
      return eachMs(count, async () => finished((await app.spawn("job", { n: 1 })).taskID, 1));
    },
    async wait(count) {
      await idle?.close();
      idle = await start(count);
      waiting.reset();
      const events = Array.from({ length: count }, () => `e${process.pid}-${made++}`);
      for (const event of events) {
        gone.set(event, Promise.withResolvers());
        await app.spawn("waiter", { event });
      }
      await waiting.reached(count);
      while ((await unfinished("'completed', 'failed', 'sleeping'")) > 0)
        await new Promise((resolve) => setTimeout(resolve, 5));
      return events;
    },
    async signal(name) {
      const began = monotonicMs();
      await app.emitEvent(name, 1);
      return began;
    },
    wentOn: async (name) => gone.get(name)!.promise,
    async begin(steps, file) {
      idle ??= await start(1);
      await app.spawn("filed", { steps, file });
    },
    async close() {
      await idle?.close();
      await app.close();
      await pool.end();
    },
  };
};
