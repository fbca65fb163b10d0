import type { Store } from "@pawl/core/ports";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { expect, expectTypeOf, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { backgroundTask, createHost } from "../src/index.ts";

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
  await vi.waitFor(async () => {
    expect(await first.tasks.list("s1")).toMatchObject([{ id, status: "running", progress: { read: 3 } }]);
  });
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
