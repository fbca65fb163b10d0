import { randomBytes } from "node:crypto";
import { callId, NO_USAGE, tool } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import { backgroundTask, createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { z } from "zod";
import { wallMs } from "../stopwatch.ts";
import { expectCount, type OpenSystem } from "./system.ts";

const SECRET = `bench:${randomBytes(32).toString("base64")}`;

/**
 * Pawl's whole host. A workflow is a turn: its steps are calls of a model and of a `retry` tool in turn, both of which answer at
 * once, so that a turn of n steps is n effects. A job is a background task.
 */
export const open: OpenSystem = async ({ url }) => {
  let done = 0;
  const work = tool({
    description: "Works",
    input: z.object({}),
    onCrash: "retry",
    execute() {
      done += 1;
      return { done };
    },
  });
  let told = () => {};
  const job = backgroundTask({
    name: "job",
    input: z.object({ n: z.number() }),
    async run({ n }) {
      done += 1;
      told();
      return n;
    },
  });
  const model = (name: string | undefined) => workingModel(Number(name ?? 0), () => void done++);
  const parts = { secret: SECRET, model, tools: { work } };
  const host = createHost({ ...parts, store: postgresStore({ url }), concurrency: 32 });
  await host.start();
  let sessions = 0;
  const send = (calls: number) => {
    sessions += 1;
    const limits = {
      maxIterations: calls + 1,
      maxNoProgress: calls + 1,
      maxTokens: 1e12,
      maxWallMs: 3_600_000,
    };
    return host.session(`s${process.pid}-${sessions}`).send("Work.", { model: String(calls), limits });
  };
  const finish = async (calls: number) => {
    const result = await (await send(calls)).result();
    if (result.status !== "completed") throw new Error(`A turn ended as ${JSON.stringify(result)}.`);
  };

  return {
    async workflows(count, steps) {
      done = 0;
      const calls = Math.floor(steps / 2);
      const ms = await wallMs(() => Promise.all(Array.from({ length: count }, () => finish(calls))));
      // The last answer of a model, which calls nothing, is a step too.
      expectCount("steps", done, count * (2 * calls + 1));
      return ms;
    },
    async drain(jobs, concurrency) {
      if (concurrency !== 16) throw new Error("A host works at 16 background tasks at once.");
      done = 0;
      // A host without the body queues what it cannot run.
      const ids = await Promise.all(
        Array.from({ length: jobs }, async (_, n) => (await host.tasks.start(job, { n })).id),
      );
      const worker = createHost({ ...parts, store: postgresStore({ url }), tasks: [job] });
      const began = performance.now();
      const all = new Promise<void>((resolve) => {
        told = () => done >= jobs && resolve();
      });
      await worker.start();
      await all;
      await worker.stop();
      const ms = performance.now() - began;
      const ended = await Promise.all(ids.map((id) => host.tasks.result(id)));
      expectCount("jobs", ended.filter(({ status }) => status === "completed").length, jobs);
      return ms;
    },
    job: () => wallMs(() => finish(0)),
    close: () => host.stop(),
  };
};

/** Calls the tool until it has answered `calls` times. */
function workingModel(calls: number, count: () => void): Model {
  return {
    // The name that it was asked for by: a turn that goes on asks for it again.
    id: String(calls),
    async call({ messages }) {
      count();
      const answered = messages.filter(({ role }) => role === "assistant").length;
      const call = { type: "tool_call", callId: callId(`c${answered}`), name: "work", input: {} } as const;
      const going = answered < calls;
      return {
        ok: true,
        answer: {
          parts: [going ? call : ({ type: "text", text: "Done." } as const)],
          terminalReason: going ? "tool_use" : "stop",
          usage: NO_USAGE,
          model: "bench/model",
        },
      };
    },
  };
}
