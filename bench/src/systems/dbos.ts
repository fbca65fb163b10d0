import { DBOS } from "@dbos-inc/dbos-sdk";
import { wallMs } from "../stopwatch.ts";
import { expectCount, type OpenSystem } from "./system.ts";

const QUEUE = "jobs";

/** DBOS as a library over PostgreSQL: `runStep` in workflows, and a queue with a worker's concurrency and the shortest poll that it takes. */
export const open: OpenSystem = async ({ url }) => {
  let done = 0;
  const chain = DBOS.registerWorkflow(
    async (steps: number) => {
      for (let i = 0; i < steps; i++)
        await DBOS.runStep(
          async () => {
            done += 1;
            return { done };
          },
          { name: "step" },
        );
    },
    { name: "chain" },
  );
  const job = DBOS.registerWorkflow(async (n: number) => n, { name: "job" });
  DBOS.setConfig({ name: "bench", systemDatabaseUrl: url, systemDatabasePoolSize: 32, logLevel: "error" });
  await DBOS.launch();

  return {
    async workflows(count, steps) {
      done = 0;
      const ms = await wallMs(async () => {
        const handles = await Promise.all(
          Array.from({ length: count }, () => DBOS.startWorkflow(chain)(steps)),
        );
        await Promise.all(handles.map((handle) => handle.getResult()));
      });
      expectCount("steps", done, count * steps);
      return ms;
    },
    async drain(jobs, concurrency) {
      await DBOS.registerQueue(QUEUE, { workerConcurrency: concurrency, minPollingIntervalMs: 10 });
      const began = performance.now();
      const handles = await Promise.all(
        Array.from({ length: jobs }, (_, n) => DBOS.startWorkflow(job, { queueName: QUEUE })(n)),
      );
      await Promise.all(handles.map((handle) => handle.getResult()));
      return performance.now() - began;
    },
    async job() {
      return wallMs(async () => (await DBOS.startWorkflow(job)(1)).getResult());
    },
    close: () => DBOS.shutdown(),
  };
};
