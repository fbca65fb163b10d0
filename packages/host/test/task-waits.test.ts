// Turns that wait for background tasks, parked: D16, promise 4.
import { executionScope, tool } from "@pawl/core";
import { createAwaitEvents, parseKeyring, systemClock } from "@pawl/effects";
import { backgroundTask, externalTask, type Host } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { testHost } from "./test-host.ts";

const build = externalTask({ name: "build", input: z.object({}) });
const add = backgroundTask({
  name: "add",
  input: z.object({ a: z.number(), b: z.number() }),
  signals: { go: z.object({}) },
  async run({ a, b }, { signals }) {
    await signals.next("go");
    return { sum: a + b };
  },
});

function scene(how: "external" | "own" | "elsewhere" = "own") {
  const store = memoryStore();
  const model = scriptedModel([{ tools: [{ name: "work" }] }, "done"]);
  const start = (): Host => {
    const work = tool({
      description: "Begins a background task and waits for it",
      input: z.object({}),
      onCrash: "retry",
      async execute(_, run) {
        const options = { session: run.sessionId, idempotencyKey: run.idempotencyKey };
        const wake = how === "elsewhere" ? {} : { wake: run.sessionId };
        const { id } =
          how === "external"
            ? await host.tasks.start(build, {}, { ...options, ...wake })
            : await host.tasks.start(add, { a: 1, b: 2 }, { ...options, ...wake });
        return run.pending({ task: id });
      },
    });
    const host: Host = testHost({ store, model, tools: { work }, tasks: [add], pollMs: 20 });
    return host;
  };
  return { store, start };
}

async function toolResult(host: Host) {
  const messages = await host.session("s1").transcript();
  return messages.find(({ role }) => role === "tool")?.parts[0];
}

describe("a call that waits for a background task", () => {
  it("is parked, and goes on with its output in a host that saw nothing of it before", async () => {
    const { start } = scene();
    const first = start();
    const turn = await first.session("s1").send("go");
    const waiting = await turn.result();
    const [task] = await first.tasks.list("s1");
    expect(waiting).toMatchObject({
      status: "waiting",
      waits: [{ reason: { type: "tool_pending", task: task?.id } }],
    });
    await first.stop();
    const second = start();
    await second.start();
    await second.tasks.signal(task?.id ?? "", "go", {});
    expect(await second.turn(turn.id).result()).toMatchObject({ status: "completed", text: "done" });
    expect(await toolResult(second)).toMatchObject({ status: "ok", output: { sum: 3 } });
    expect(await second.tasks.list("s1", { all: true })).toHaveLength(1);
    expect((await second.turn(turn.id).replay()).identical).toBe(true);
  });

  it("goes on when the task had ended before anybody waited", async () => {
    const { start } = scene();
    const host = start();
    const turn = await host.session("s1").send("go");
    const [task] = await vi.waitFor(
      async () => {
        const tasks = await host.tasks.list("s1");
        expect(tasks).toHaveLength(1);
        return tasks;
      },
      { timeout: 10_000 },
    );
    await host.tasks.signal(task?.id ?? "", "go", {});
    expect(await host.tasks.result(task?.id ?? "")).toMatchObject({ status: "completed" });
    expect(await turn.result()).toMatchObject({ status: "completed" });
  });

  it.each([
    [{ status: "failed", code: "no_disk", message: "The disk is full." }, "no_disk"],
    [{ status: "cancelled" }, "task_cancelled"],
    [{ status: "abandoned", by: "ana" }, "task_abandoned"],
  ] as const)("of somebody else hears that it ended as %j", async (report, code) => {
    const { start } = scene("external");
    const host = start();
    const turn = await host.session("s1").send("go");
    expect(await turn.result()).toMatchObject({ status: "waiting" });
    const [task] = await host.tasks.list("s1");
    await host.tasks.report(task?.id ?? "", report);
    expect(await turn.result()).toMatchObject({ status: "completed" });
    expect(await toolResult(host)).toMatchObject({ status: "error", output: { code } });
  });

  it("is told when nobody would tell it of the end", async () => {
    const { start } = scene("elsewhere");
    const host = start();
    await (await host.session("s1").send("go")).result();
    expect(await toolResult(host)).toMatchObject({ output: { code: "task_wakes_elsewhere" } });
  });
});

describe("an await-event of a signal", () => {
  it("is answered by the signal of its ordinal, whether it is waited for before or after", async () => {
    const { store, start } = scene();
    const host = start();
    const { id } = await host.tasks.start(add, { a: 1, b: 2 });
    const keys = await store.secrets.loadOrCreate(
      "await-keys",
      () => `k1:${btoa("0123456789abcdefghijklmnopqrstuv")}`,
    );
    const awaits = await createAwaitEvents({ store, keyring: parseKeyring(keys), clock: systemClock });
    const signal = new AbortController().signal;
    const waitFor = async (ordinal: number) => {
      const wait = { type: "process_signal", processId: id, signal: "go", ordinal } as const;
      return awaits.wait(await awaits.key(executionScope.process(id), wait), { signal });
    };
    const first = waitFor(1);
    expect(await host.tasks.signal(id, "go", {})).toEqual({ ordinal: 1 });
    expect(await first).toEqual({ status: "ok", payload: {} });
    expect(await waitFor(1)).toEqual({ status: "ok", payload: {} });
    await expect(waitFor(0)).rejects.toMatchObject({ code: "invalid_await_event_wait_identity" });
  });
});
