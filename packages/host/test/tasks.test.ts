import type { Store } from "@pawl/core/ports";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { expect, expectTypeOf, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { backgroundTask, createHost, externalTask } from "../src/index.ts";

const importRows = backgroundTask({
  name: "import-rows",
  input: z.object({ rows: z.number().int() }),
  signals: { approve: z.object({ by: z.string() }) },
  async run({ rows }, { step, signals, progress }) {
    expectTypeOf(rows).toEqualTypeOf<number>();
    const read = await step("read", () => ({ rows }));
    await progress({ read: read.rows }, { wake: true });
    const { by } = await signals.next("approve");
    expectTypeOf(by).toEqualTypeOf<string>();
    return { written: read.rows, by };
  },
});

function hostOver(store: Store, tasks = [importRows]) {
  const host = createHost({ store, model: scriptedModel([]), tasks, pollMs: 20 });
  onTestFinished(() => host.stop({ drainMs: 100 }));
  return host;
}

test("a background task goes on where another host left it, and its result is seen from anywhere", async () => {
  const store = memoryStore();
  const first = hostOver(store);
  const { id, status } = await first.tasks.start(importRows, { rows: 3 }, { session: "s1", wake: "s1" });
  expect(status).toBe("registered");
  await vi.waitFor(
    async () => {
      expect(await first.tasks.list("s1")).toMatchObject([{ id, status: "running", progress: { read: 3 } }]);
    },
    { timeout: 10_000 },
  );
  await first.stop();
  const second = hostOver(store);
  const watching = hostOver(store, []).tasks.result(id);
  await second.start();
  expect(await second.tasks.signal(id, "approve", { by: "ana" })).toEqual({ ordinal: 1 });
  expect(await watching).toEqual({ status: "completed", output: { written: 3, by: "ana" } });
  expect(await second.tasks.list("s1")).toEqual([]);
  expect(await second.tasks.list("s1", { all: true })).toMatchObject([
    { id, attempts: 2, result: { status: "completed" } },
  ]);
});

test("the same idempotency key is the same background task, with another input a conflict", async () => {
  const { tasks } = hostOver(memoryStore());
  const first = await tasks.start(importRows, { rows: 3 }, { idempotencyKey: "k" });
  expect((await tasks.start(importRows, { rows: 3 }, { idempotencyKey: "k" })).id).toBe(first.id);
  const other = tasks.start(importRows, { rows: 4 }, { idempotencyKey: "k" });
  await expect(other).rejects.toMatchObject({ code: "store_conflict" });
  await tasks.cancel(first.id);
  await tasks.result(first.id);
});

test("bad input, unknown ids and undeclared signals have codes; a cancelled one ends", async () => {
  const { tasks } = hostOver(memoryStore());
  const bad = tasks.start(importRows, { rows: 0.5 });
  await expect(bad).rejects.toMatchObject({ code: "process_input_invalid" });
  await expect(tasks.result("ghost")).rejects.toMatchObject({ code: "process_unknown" });
  const { id } = await tasks.start(importRows, { rows: 1 });
  const wrong = tasks.signal(id, "approve", { by: 7 });
  await expect(wrong).rejects.toMatchObject({ code: "process_signal_invalid" });
  expect(await tasks.cancel(id, { origin: "ana" })).toMatchObject({ cancel: { origin: "ana" } });
  expect(await tasks.result(id)).toEqual({ status: "cancelled" });
});

test("are listed over all sessions, shown, moved and let go of; what is not there has a code", async () => {
  const { tasks } = hostOver(memoryStore(), []);
  const one = await tasks.start(importRows, { rows: 1 }, { session: "s1" });
  const two = await tasks.start(importRows, { rows: 2 }, { session: "s1" });
  const ids = [one.id, two.id].sort();
  expect((await tasks.list()).map(({ id }) => id).sort()).toEqual(ids);
  expect(await tasks.get(one.id)).toEqual(one);
  await expect(tasks.get("ghost")).rejects.toMatchObject({ code: "process_unknown" });
  await expect(tasks.startNamed("ghost", {})).rejects.toMatchObject({ code: "task_unknown" });
  expect(await tasks.transfer([one.id], { from: "s1", to: "s2" })).toEqual([one.id]);
  expect(await tasks.transfer([one.id], { from: "s1", to: "s2" })).toEqual([]);
  await expect(tasks.transfer(["ghost"], { from: "s1", to: "s2" })).rejects.toMatchObject({
    code: "process_unknown",
  });
  expect(await tasks.list("s2")).toMatchObject([{ id: one.id, sessions: ["s2"] }]);
  expect(await tasks.deleteSession("s2")).toEqual({ revoked: [one.id], unseen: [one.id] });
  expect(await tasks.list("s2")).toEqual([]);
  expect((await tasks.list()).map(({ id }) => id).sort()).toEqual(ids);
});

test("an external task is run by nobody here, and ends as whoever runs it says", async () => {
  const build = externalTask({
    name: "build",
    input: z.object({ commit: z.string() }),
    signals: { faster: z.object({ cores: z.number() }) },
  });
  const host = hostOver(memoryStore());
  await host.start();
  const { tasks } = host;
  const { id } = await tasks.start(build, { commit: "abc" }, { session: "s1" });
  const result = tasks.result(id);
  expect(await tasks.report(id, { progress: { done: 0.5 } })).toMatchObject({
    status: "registered",
    progress: { done: 0.5 },
  });
  expect(await tasks.signal(id, "faster", { cores: 8 })).toEqual({ ordinal: 1 });
  const end = { status: "completed", output: { artefact: "x" } } as const;
  expect(await tasks.report(id, end, { idempotencyKey: "k" })).toMatchObject({
    status: "completed",
    attempts: 0,
  });
  expect(await tasks.report(id, end, { idempotencyKey: "k" })).toMatchObject({ status: "completed" });
  expect(await result).toEqual({ status: "completed", output: { artefact: "x" } });
  await expect(tasks.report(id, { status: "cancelled" })).rejects.toMatchObject({ code: "process_ended" });

  const lost = await tasks.start(build, { commit: "def" });
  const abandoned = { status: "abandoned", by: "ana", note: "the farm burnt down" } as const;
  expect(await tasks.report(lost.id, abandoned)).toMatchObject({
    result: { status: "abandoned", evidence: { type: "reported", by: "ana", note: "the farm burnt down" } },
  });
  const own = await tasks.start(importRows, { rows: 1 });
  await expect(tasks.report(own.id, { status: "completed", output: 1 })).rejects.toMatchObject({
    code: "process_not_owner",
  });
  await expect(tasks.report(own.id, abandoned)).rejects.toMatchObject({ code: "process_evidence_missing" });
  await tasks.cancel(own.id);
});
