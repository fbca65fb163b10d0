import { DBOS, DBOSClient } from "@dbos-inc/dbos-sdk";
import pg from "pg";
import { eachMs, monotonicMs, wallMs } from "../stopwatch.ts";
import { performStep } from "./step-file.ts";
import { expectCount, type OpenSystem, type Place, type System } from "./system.ts";
import { createTally } from "./tally.ts";

const QUEUE = "jobs";
const TOPIC = "event";
/** Its queue takes no more than are free at each poll. */
const BUSY_POLL_MS = 1;
/** While others are measured: so little that it is back at the other when the queue has been filled. */
const REST_POLL_MS = 50;

/** DBOS as a library over PostgreSQL: `runStep` in workflows, and a queue with a worker's concurrency, polled every millisecond while it is full. */
export const open: OpenSystem = (place) =>
  place.role === "client" ? openClient(place.url) : openWorker(place);

async function openClient(url: string): Promise<System> {
  const client = await DBOSClient.create({ systemDatabaseUrl: url, applicationName: "bench" });
  return {
    async signal(name) {
      const began = monotonicMs();
      await client.send(name, 1, TOPIC);
      return began;
    },
    close: () => client.destroy(),
  };
}

async function openWorker({ url, role }: Place): Promise<System> {
  const steps = createTally();
  const jobs = createTally();
  const waiting = createTally();
  const gone = new Map<string, PromiseWithResolvers<number>>();
  let gate = Promise.resolve();

  const chain = DBOS.registerWorkflow(
    async (count: number) => {
      const step = async () => {
        steps.add();
        return { done: steps.count };
      };
      for (let i = 0; i < count; i++) await DBOS.runStep(step, { name: "step" });
    },
    { name: "chain" },
  );
  const job = DBOS.registerWorkflow(
    async (n: number) => {
      jobs.add();
      return n;
    },
    { name: "job" },
  );
  const gatekeeper = DBOS.registerWorkflow(() => gate, { name: "gatekeeper" });
  const waiter = DBOS.registerWorkflow(
    async () => {
      waiting.add();
      await DBOS.recv(TOPIC, 600);
      gone.get(DBOS.workflowID ?? "")?.resolve(monotonicMs());
    },
    { name: "waiter" },
  );
  const filed = DBOS.registerWorkflow(
    async (count: number, file: string) => {
      for (let i = 0; i < count; i++) await DBOS.runStep(() => performStep(file, i), { name: "step" });
    },
    { name: "filed" },
  );
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: url,
    logLevel: "error",
    ...(role !== "idler" && { systemDatabasePoolSize: 32 }),
  });
  await DBOS.launch();
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  let ids = 0;

  async function unfinished(): Promise<number> {
    const { rows } = await pool.query<{ n: number }>(
      "select count(*)::int as n from dbos.workflow_status where queue_name = $1 and status in ('ENQUEUED', 'PENDING')",
      [QUEUE],
    );
    return rows[0]?.n ?? 0;
  }

  return {
    async workflows(count, each) {
      steps.reset();
      const ms = await wallMs(async () => {
        const handles = await Promise.all(
          Array.from({ length: count }, () => DBOS.startWorkflow(chain)(each)),
        );
        await Promise.all(handles.map((handle) => handle.getResult()));
      });
      expectCount("steps", steps.count, count * each);
      return ms;
    },
    async drain(count, concurrency) {
      const queue = await DBOS.registerQueue(QUEUE, {
        workerConcurrency: concurrency,
        minPollingIntervalMs: BUSY_POLL_MS,
      });
      jobs.reset();
      // It begins to work at once, so its slots are held until the queue is full.
      const { promise, resolve: openGate } = Promise.withResolvers<void>();
      gate = promise;
      const enqueue = { queueName: QUEUE };
      for (let i = 0; i < concurrency; i++) await DBOS.startWorkflow(gatekeeper, enqueue)();
      await Promise.all(Array.from({ length: count }, (_, n) => DBOS.startWorkflow(job, enqueue)(n)));
      const began = performance.now();
      openGate();
      await jobs.reached(count);
      while ((await unfinished()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const ms = performance.now() - began;
      await queue.setMinPollingIntervalMs(REST_POLL_MS);
      expectCount("jobs", jobs.count, count);
      return ms;
    },
    jobs: (times) => eachMs(times, async () => (await DBOS.startWorkflow(job)(1)).getResult()),
    async wait(count) {
      waiting.reset();
      const names = Array.from({ length: count }, () => `w${process.pid}-${ids++}`);
      for (const workflowID of names) {
        gone.set(workflowID, Promise.withResolvers());
        await DBOS.startWorkflow(waiter, { workflowID })();
      }
      await waiting.reached(count);
      return names;
    },
    wentOn: async (name) => gone.get(name)!.promise,
    async begin(count, file) {
      await DBOS.startWorkflow(filed)(count, file);
    },
    async close() {
      await pool.end();
      await DBOS.shutdown();
    },
  };
}
