import { PgBoss } from "pg-boss";
import { expectCount, type OpenSystem, type System } from "./system.ts";

const QUEUE = "jobs";

/** pg-boss with as many workers as jobs may run at once, one job each, polling as often as it allows. */
export const open: OpenSystem = ({ url }) => openBoss(url, 1);

/** @param batchSize jobs that a worker takes and completes at once: all of them are repeated when one fails or the process dies */
export async function openBoss(url: string, batchSize: number): Promise<System> {
  const boss = new PgBoss({ connectionString: url, max: 20, supervise: false, schedule: false });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue(QUEUE);
  let done = 0;
  let told: (() => void) | undefined;
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      told = () => done >= count && resolve();
      told();
    });

  return {
    async drain(jobs, concurrency) {
      done = 0;
      await boss.insert(
        QUEUE,
        Array.from({ length: jobs }, (_, n) => ({ data: { n } })),
      );
      const began = performance.now();
      await boss.work(
        QUEUE,
        { localConcurrency: concurrency, batchSize, pollingIntervalSeconds: 0.5 },
        async (batch) => {
          done += batch.length;
          told?.();
        },
      );
      await until(jobs);
      await boss.offWork(QUEUE, { wait: true });
      const ms = performance.now() - began;
      expectCount("jobs", done, jobs);
      return ms;
    },
    close: () => boss.stop({ graceful: false }),
  };
}
