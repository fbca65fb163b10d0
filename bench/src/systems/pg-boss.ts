import { PgBoss } from "pg-boss";
import { eachMs } from "../stopwatch.ts";
import { expectCount, type OpenSystem, type System } from "./system.ts";
import { createTally } from "./tally.ts";

const FULL_QUEUE = "full";
const IDLE_QUEUE = "idle";
/** Its workers take one job after another only while its statistics say that there are more, and these are read so often at most. */
const FRESH_STATISTICS = {
  superviseIntervalSeconds: 1,
  monitorIntervalSeconds: 1,
  queueCacheIntervalSeconds: 1,
};
const STATISTICS_ARE_FRESH_MS = 2_500;

/**
 * pg-boss with as many workers as jobs may run at once, one job each, in its burst mode; and for jobs that come one by one with the
 * notifications that wake a worker. Its upkeep and its schedules, which are on by default, are off where nothing depends on them.
 */
export const open: OpenSystem = ({ url, role }) => openBoss(url, 1, role === "idler");

/**
 * @param batchSize jobs that a worker takes and completes at once: all of them are repeated when one fails or the process dies
 * @param defaults with its upkeep, its schedules and its own intervals
 */
export async function openBoss(url: string, batchSize: number, defaults = false): Promise<System> {
  const tally = createTally();
  const count = async (batch: readonly unknown[]) => tally.add(batch.length);
  const start = async (options: object) => {
    const boss = new PgBoss({ connectionString: url, max: 20, schedule: defaults, ...options });
    boss.on("error", (error) => console.error(error));
    return boss.start();
  };
  const idle = await start({ supervise: defaults, useListenNotify: true });
  await idle.createQueue(FULL_QUEUE);
  await idle.createQueue(IDLE_QUEUE, { notify: true });
  await idle.work(IDLE_QUEUE, defaults ? {} : { pollingIntervalSeconds: 0.5 }, count);

  async function completed(id: string): Promise<void> {
    for (;;) {
      const [job] = await idle.findJobs(IDLE_QUEUE, { id });
      if (job?.state === "completed") return;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  return {
    async drain(jobs, concurrency) {
      tally.reset();
      const busy = await start({ supervise: true, ...FRESH_STATISTICS });
      await busy.insert(
        FULL_QUEUE,
        Array.from({ length: jobs }, (_, n) => ({ data: { n } })),
      );
      await new Promise((resolve) => setTimeout(resolve, STATISTICS_ARE_FRESH_MS));
      const began = performance.now();
      const options = { localConcurrency: concurrency, batchSize, pollingIntervalSeconds: 0.5 };
      const burst = { burstWhenReadyExceeds: 1, burstWhenBatchFull: batchSize > 1 };
      await busy.work(FULL_QUEUE, { ...options, ...burst }, count);
      await tally.reached(jobs);
      await busy.offWork(FULL_QUEUE, { wait: true });
      const ms = performance.now() - began;
      await busy.stop({ graceful: false });
      expectCount("jobs", tally.count, jobs);
      return ms;
    },
    jobs: (times) =>
      eachMs(times, async () => {
        const id = await idle.send(IDLE_QUEUE, { n: 1 });
        if (id === null) throw new Error("A job was not taken.");
        await completed(id);
      }),
    close: () => idle.stop({ graceful: false }),
  };
}
