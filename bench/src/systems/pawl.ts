import { sessionId, tool } from "@pawl/core";
import { backgroundTask, createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { unchecked } from "../anything.ts";
import { SECRET } from "../secret.ts";
import { eachMs, monotonicMs, wallMs } from "../stopwatch.ts";
import { benchModel, CHAT, FILED, WAITER, WORKFLOW } from "./pawl-model.ts";
import { performStep } from "./step-file.ts";
import { expectCount, type OpenSystem } from "./system.ts";
import { createTally } from "./tally.ts";

const AT_ONCE = 32;

/**
 * Pawl's whole host. A workflow is the body of a composite tool, which a turn calls once. The calls of a turn are those of a model and of
 * a `retry` tool, both of which answer at once. A job is a background task. What waits for an event is a call of a tool that is answered
 * later.
 */
export const open: OpenSystem = async ({ url, role }) => {
  const steps = createTally();
  const jobs = createTally();
  const waiting: string[] = [];
  const waits = createTally();
  const gone = new Map<string, PromiseWithResolvers<number>>();
  const goneOf = (session: string) => {
    const known = gone.get(session) ?? Promise.withResolvers<number>();
    gone.set(session, known);
    return known;
  };
  // As in the programs of the other systems, nothing is checked.
  const input = unchecked<{ readonly step?: number; readonly file?: string }>();
  const work = tool({
    description: "Works",
    input,
    onCrash: "retry",
    async execute({ step, file }) {
      if (file !== undefined) await performStep(file, step ?? 0);
      else steps.add();
      return { done: steps.count };
    },
  });
  const chain = tool({
    description: "Works step by step",
    input: unchecked<{ readonly steps: number }>(),
    composite: true,
    async execute({ steps: count }, run) {
      const step = async () => {
        steps.add();
        return { done: steps.count };
      };
      for (let i = 0; i < count; i++) await run.step(`step ${i}`, step);
      return { done: count };
    },
  });
  const wait = tool({
    description: "Waits for an event",
    input,
    onCrash: "retry",
    async execute(_, run) {
      const pending = await run.pending();
      waiting.push(`${run.sessionId} ${pending.id}`);
      waits.add();
      return pending;
    },
  });
  const job = backgroundTask({
    name: "job",
    input: unchecked<{ readonly n: number }>(),
    async run({ n }) {
      jobs.add();
      return n;
    },
  });
  const model = benchModel({ step: () => steps.add(), wentOn: (id) => goneOf(id).resolve(monotonicMs()) });
  const store = postgresStore({ url });
  const parts = {
    secret: SECRET,
    model,
    tools: { work, chain, wait },
    ...(role !== "idler" && { concurrency: AT_ONCE }),
  };
  const startHost = async () => {
    const host = createHost({ ...parts, store, nodeId: role, tasks: [job] });
    if (role !== "client") await host.start();
    return host;
  };
  let host = await startHost();
  let sessions = 0;

  const send = (name: string, text: string, calls: number, session?: string) => {
    sessions += 1;
    const limits = {
      maxIterations: calls + 1,
      maxNoProgress: calls + 1,
      maxTokens: 1e12,
      maxWallMs: 3_600_000,
    };
    const id = session ?? `s${process.pid}-${sessions}`;
    return host.session(id).send(text, { model: name, limits });
  };
  const finish = async (name: string, text: string, calls: number, session?: string) => {
    const result = await (await send(name, text, calls, session)).result();
    if (result.status !== "completed") throw new Error(`A turn ended as ${JSON.stringify(result)}.`);
  };
  const isParked = async (name: string) =>
    (await store.sessions.load(sessionId(sessionOf(name))))?.parked === true;

  async function beginWaiting(count: number): Promise<readonly string[]> {
    waiting.length = 0;
    waits.reset();
    for (let i = 0; i < count; i++) {
      const session = `w${process.pid}-${sessions}`;
      await send(WAITER, session, 1, session);
    }
    await waits.reached(count);
    return [...waiting];
  }

  return {
    async workflows(count, each) {
      steps.reset();
      const ms = await wallMs(() =>
        Promise.all(Array.from({ length: count }, () => finish(WORKFLOW, `${each}`, 1))),
      );
      expectCount("steps", steps.count, count * each);
      return ms;
    },
    async calls(count, each) {
      steps.reset();
      const ofTool = Math.floor(each / 2);
      const ms = await wallMs(() =>
        Promise.all(Array.from({ length: count }, () => finish(`${ofTool}`, "Work.", ofTool))),
      );
      expectCount("calls", steps.count, count * (2 * ofTool + 1));
      return ms;
    },
    async drain(count, concurrency) {
      if (concurrency !== 16) throw new Error("A host works at 16 background tasks at once.");
      // The worker drains alone, and a host without the body queues what it cannot run.
      await host.stop();
      jobs.reset();
      const stores = [postgresStore({ url }), postgresStore({ url })] as const;
      const queueing = createHost({ ...parts, nodeId: "queueing", store: stores[0] });
      const started = await Promise.all(
        Array.from({ length: count }, (_, n) => queueing.tasks.start(job, { n })),
      );
      const worker = createHost({ ...parts, nodeId: "draining", store: stores[1], tasks: [job] });
      const began = performance.now();
      await worker.start();
      await jobs.reached(count);
      await worker.stop();
      const ms = performance.now() - began;
      const ended = await Promise.all(started.map(({ id }) => queueing.tasks.result(id)));
      await queueing.stop();
      for (const one of stores) await one.close();
      host = await startHost();
      expectCount("jobs", ended.filter(({ status }) => status === "completed").length, count);
      return ms;
    },
    jobs: (times) =>
      eachMs(times, async () => {
        const { id } = await host.tasks.start(job, { n: 1 });
        const { status } = await host.tasks.result(id);
        if (status !== "completed") throw new Error(`A job ended as ${status}.`);
      }),
    turns: (times) => eachMs(times, () => finish("0", "Work.", 0)),
    wait: beginWaiting,
    async waitParked(count) {
      const names = await beginWaiting(count);
      for (const name of names)
        while (!(await isParked(name))) await new Promise((resolve) => setTimeout(resolve, 20));
      return names;
    },
    async signal(name) {
      const began = monotonicMs();
      const outcome = await host.waits.answer(
        name.split(" ")[1] ?? "",
        { status: "ok", payload: 1 },
        { by: "bench" },
      );
      if (outcome.status !== "accepted") throw new Error(`An event came to ${JSON.stringify(outcome)}.`);
      return began;
    },
    wentOn: (name) => goneOf(sessionOf(name)).promise,
    async begin(count, file) {
      await send(FILED, `${Math.floor(count / 2)} ${file}`, count);
    },
    async converse(turns, characters) {
      sessions += 1;
      const session = `c${process.pid}-${sessions}`;
      for (let i = 0; i < turns; i++) await finish(CHAT, "x".repeat(characters), 0, session);
    },
    async close() {
      await host.stop();
      await store.close();
    },
  };
};

function sessionOf(name: string): string {
  return name.split(" ")[0] ?? "";
}
