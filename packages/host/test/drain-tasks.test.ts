// A drain is all that a serverless host has: what was begun for it must not wait for a process that lives on.
import { tool } from "@pawl/core";
import { backgroundTask, createHost, type Host } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, scriptedModel } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { testHost } from "./test-host.ts";

describe("a drain", () => {
  it("runs the background tasks that others began, and those that they begin", async () => {
    const store = memoryStore();
    const ran: string[] = [];
    const gate = Promise.withResolvers<void>();
    const second = backgroundTask({ name: "second", input: z.null(), run: () => ran.push("second") });
    const first = backgroundTask({
      name: "first",
      input: z.null(),
      async run(): Promise<string> {
        ran.push("first");
        await gate.promise;
        return (await host.tasks.start(second, null)).id;
      },
    });
    const host: Host = testHost({ store, model: scriptedModel([]), tasks: [first, second] });
    const asking = createHost({ store, model: scriptedModel([]) });
    const started = await asking.tasks.start(first, null);
    const draining = host.drain({ maxMs: 30_000 });
    await vi.waitFor(() => expect(ran).toEqual(["first"]), { timeout: 10_000 });
    gate.resolve();
    await draining;
    expect(ran).toEqual(["first", "second"]);
    expect(await asking.tasks.result(started.id)).toMatchObject({ status: "completed" });
  });

  it("drives the turns that tasks send, and runs the tasks that turns begin", async () => {
    const store = memoryStore();
    const ran: string[] = [];
    const gate = Promise.withResolvers<void>();
    const last = backgroundTask({ name: "last", input: z.null(), run: () => ran.push("last") });
    const sending = backgroundTask({
      name: "sending",
      input: z.null(),
      async run(): Promise<string> {
        ran.push("sending");
        await gate.promise;
        return (await host.session("s1").send("go")).id;
      },
    });
    const begin = tool({
      description: "Begins",
      input: z.object({}),
      onCrash: "retry",
      execute: async () => (await host.tasks.start(last, null)).id,
    });
    const host: Host = testHost({
      store,
      model: scriptedModel([{ tools: [{ name: "begin", input: {} }] }, "done"]),
      tools: { begin },
      tasks: [last, sending],
    });
    await createHost({ store, model: scriptedModel([]) }).tasks.start(sending, null);
    const draining = host.drain({ maxMs: 30_000 });
    await vi.waitFor(() => expect(ran).toEqual(["sending"]), { timeout: 10_000 });
    gate.resolve();
    expect(await draining).toEqual({ driven: 1 });
    expect(ran).toEqual(["sending", "last"]);
    expect((await host.session("s1").receipts()).map(({ outcome }) => outcome?.status)).toEqual([
      "completed",
    ]);
  });

  it("waits for a task no longer than it may", async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const patient = backgroundTask({
      name: "patient",
      input: z.null(),
      run: (_input, { signal }) =>
        new Promise<never>((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason)),
        ),
    });
    const host = createHost({ store, clock, model: scriptedModel([]), tasks: [patient] });
    await host.tasks.start(patient, null);
    let ended = false;
    const draining = host.drain({ maxMs: 5_000 }).then(() => {
      ended = true;
    });
    await clock.advance(4_999);
    expect(ended).toBe(false);
    await clock.advance(1);
    await draining;
    await host.stop();
  });
});
