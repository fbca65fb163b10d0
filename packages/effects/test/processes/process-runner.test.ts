import { PawlError, type ProcessId } from "@pawl/core";
import { defineProcess, type ProcessContext } from "@pawl/effects/processes";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { createWorld, TTL_MS } from "./support.ts";

/** A promise that the test settles. */
function gate<T = void>() {
  return Promise.withResolvers<T>();
}

const untilAborted = ({ signal }: Pick<ProcessContext, "signal">) =>
  new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

describe("a runner of background tasks", () => {
  it("runs a body with its checked input and records its output", async () => {
    const world = createWorld();
    const double = defineProcess({
      name: "double",
      input: z.object({ n: z.number() }),
      run: ({ n }, { attempt, processId }) => ({ n: 2 * n, attempt, processId }),
    });
    await world.node("a", [double]);
    const id = await world.start(double, { n: 4 });
    expect(await world.end(id)).toEqual({ type: "completed", output: { n: 8, attempt: 1, processId: id } });
    const bad = await world.start(double, { n: "four" });
    expect(await world.end(bad)).toMatchObject({ type: "failed", error: { code: "process_input_invalid" } });
  });

  it("records what a body threw, with its code when it has one", async () => {
    const world = createWorld();
    const fail = defineProcess({
      name: "fail",
      input: z.enum(["plain", "coded"]),
      run(how) {
        throw how === "plain" ? new Error("it was down") : new PawlError("quota_used", "Wait a day.");
      },
    });
    await world.node("a", [fail]);
    const ends = await Promise.all(
      ["plain", "coded"].map(async (how) => world.end(await world.start(fail, how))),
    );
    expect(ends).toEqual([
      { type: "failed", error: { code: "process_body_threw", message: "it was down" } },
      { type: "failed", error: { code: "quota_used", message: "Wait a day." } },
    ]);
  });

  it("D14 goes on after a crash without repeating recorded steps, and signals are the same again", async () => {
    const world = createWorld();
    const performed: string[] = [];
    const reached = gate();
    const body = defineProcess({
      name: "import",
      input: z.null(),
      signals: { rate: z.number() },
      async run(_input, { step, signals, attempt, signal }) {
        const fetched = await step("fetch", () => {
          performed.push(`fetch in ${attempt}`);
          return { rows: 3 };
        });
        const first = await signals.next("rate");
        await step("write", () => {
          performed.push(`write in ${attempt}`);
          return null;
        });
        if (attempt === 1) {
          reached.resolve();
          await untilAborted({ signal });
        }
        return { ...fetched, rates: [first, await signals.next("rate")] };
      },
    });
    const a = await world.node("a", [body]);
    const id = await world.start(body);
    const tell = (payload: number) =>
      world.commands.run(
        { operation: "signal", processId: id, name: "rate", payload },
        { key: `rate ${payload}` },
      );
    await tell(5);
    await reached.promise;
    await a.die();
    await world.node("b", [body]);
    await tell(7);
    expect(await world.end(id)).toEqual({ type: "completed", output: { rows: 3, rates: [5, 7] } });
    expect(performed).toEqual(["fetch in 1", "write in 1"]);
    expect((await world.processes.load(id))?.attempts).toBe(2);
  });

  it("D3 what a body returns after its lease was lost is nobody's fact", async () => {
    const world = createWorld();
    const [entered, finish] = [gate(), gate()];
    const body = defineProcess({
      name: "slow",
      input: z.null(),
      async run(_input, { attempt }) {
        if (attempt > 1) return "second";
        entered.resolve();
        await finish.promise;
        return "late";
      },
    });
    const a = await world.node("a", [body]);
    const id = await world.start(body);
    await entered.promise;
    await a.die();
    finish.resolve();
    await vi.waitFor(() => expect(a.runner.running.size).toBe(0), { timeout: 10_000 });
    await world.node("b", [body]);
    expect(await world.end(id)).toEqual({ type: "completed", output: "second" });
  });

  it("takes over when a lease has run out, with nobody to tell, and not before", async () => {
    const world = createWorld();
    const [entered, hang] = [gate(), gate<string>()];
    const body = defineProcess({
      name: "stuck",
      input: z.null(),
      run(_input, { attempt }) {
        entered.resolve();
        return attempt > 1 ? "second" : hang.promise;
      },
    });
    await world.node("a", [body]);
    const id = await world.start(body);
    await entered.promise;
    await world.clock.advance(TTL_MS - 1);
    await world.node("b", [body]);
    await vi.waitFor(() => expect(world.clock.pending.length).toBeGreaterThan(1), { timeout: 10_000 });
    expect((await world.processes.load(id))?.attempts).toBe(1);
    const end = world.end(id);
    await world.clock.advance(2_001);
    expect(await end).toEqual({ type: "completed", output: "second" });
    hang.resolve("late");
  });

  it("an owner-bound body whose owner is gone is abandoned with the evidence, by a node that does not know it", async () => {
    const world = createWorld();
    const entered = gate();
    let times = 0;
    const body = defineProcess({
      name: "shell",
      input: z.null(),
      disposition: "owner_bound",
      async run(_input, context) {
        times += 1;
        entered.resolve();
        return untilAborted(context);
      },
    });
    const a = await world.node("a", [body]);
    const id = await world.start(body);
    await entered.promise;
    await a.die();
    await world.node("b", []);
    const owner = { nodeId: "a", generation: 1 };
    expect(await world.end(id)).toEqual({ type: "abandoned", evidence: { type: "owner_gone", owner } });
    expect(times).toBe(1);
  });

  it("a node that stops leaves what is rerunnable and abandons what is bound to it", async () => {
    const world = createWorld();
    const spec = { input: z.null(), run: (_input: null, context: ProcessContext) => untilAborted(context) };
    const rerun = defineProcess({ name: "rerun", ...spec });
    const bound = defineProcess({ name: "bound", disposition: "owner_bound", ...spec });
    const a = await world.node("a", [rerun, bound]);
    const ids = [await world.start(rerun), await world.start(bound)] as const;
    await vi.waitFor(
      async () => {
        for (const id of ids) expect((await world.processes.load(id))?.status).toBe("running");
      },
      { timeout: 10_000 },
    );
    await a.runner.stop({ drainMs: 1_000 });
    expect(await world.types(ids[0])).toEqual(["registered", "started", "left"]);
    expect(await world.end(ids[1])).toMatchObject({ type: "abandoned", evidence: { type: "owner_left" } });
    // Leaving in good order is no failure (D17).
    expect((await world.processes.load(ids[0]))?.startsInARow).toBe(0);
  });

  it("a body that is asked to end ends as cancelled; one that was never entered is not entered", async () => {
    const world = createWorld();
    const entered = gate();
    let times = 0;
    const body = defineProcess({
      name: "long",
      input: z.null(),
      async run(_input, context) {
        times += 1;
        entered.resolve();
        return untilAborted(context);
      },
    });
    const cancel = (processId: Awaited<ReturnType<typeof world.start>>) =>
      world.commands.run({ operation: "cancel", processId, origin: "ana" }, { key: "c" });
    const early = await world.start(body);
    await cancel(early);
    await world.node("a", [body]);
    expect(await world.end(early)).toEqual({ type: "cancelled" });
    expect(times).toBe(0);
    const id = await world.start(body);
    await entered.promise;
    await cancel(id);
    expect(await world.end(id)).toEqual({ type: "cancelled" });
  });

  it("D17 a body that kills its node again and again fails after bounded attempts", async () => {
    const world = createWorld();
    let entered = gate();
    const body = defineProcess({
      name: "killer",
      input: z.null(),
      async run(_input, context) {
        entered.resolve();
        return untilAborted(context);
      },
    });
    const id = await world.start(body);
    for (let attempt = 1; attempt <= 2; attempt++) {
      const node = await world.node(`n${attempt}`, [body], { maxAttempts: 2 });
      await entered.promise;
      entered = gate();
      await node.die();
    }
    await world.node("last", [body], { maxAttempts: 2 });
    expect(await world.end(id)).toMatchObject({ error: { code: "process_attempts_exhausted" } });
  });

  it("a step id stands for one step, and progress wakes only when it says so", async () => {
    const world = createWorld();
    const body = defineProcess({
      name: "twice",
      input: z.null(),
      async run(_input, { step, progress }) {
        await progress({ done: 1 });
        await step("a", () => 1);
        return step("a", () => 2);
      },
    });
    await world.node("a", [body]);
    const id = await world.start(body);
    expect(await world.end(id)).toMatchObject({ error: { code: "process_step_repeated" } });
    expect(await world.processes.load(id)).toMatchObject({ progress: { done: 1 } });
  });

  it("a body that ends without awaiting what it began harms nobody", async () => {
    const world = createWorld();
    const begun = gate();
    const body = defineProcess({
      name: "hasty",
      input: z.null(),
      signals: { rate: z.number() },
      run(_input, { signals, step }) {
        void signals.next("rate");
        void step("late", () => begun.promise.then(() => 1));
        return "done";
      },
    });
    const { runner } = await world.node("a", [body]);
    const id = await world.start(body);
    expect(await world.end(id)).toEqual({ type: "completed", output: "done" });
    begun.resolve();
    // An unhandled rejection would fail this run.
    await vi.waitFor(() => expect(runner.running.size).toBe(0), { timeout: 10_000 });
    expect(await world.types(id)).toEqual(["registered", "started", "completed"]);
  });

  it("runs no more bodies at once than it may", async () => {
    const world = createWorld();
    const finish = gate();
    const body = defineProcess({ name: "wait", input: z.null(), run: () => finish.promise.then(() => 1) });
    const ids = await Promise.all(Array.from({ length: 20 }, () => world.start(body)));
    const { runner } = await world.node("a", [body]);
    await vi.waitFor(() => expect(runner.running.size).toBe(16), { timeout: 10_000 });
    finish.resolve();
    for (const id of ids) expect(await world.end(id)).toEqual({ type: "completed", output: 1 });
  });

  it("what was claimed ahead of bodies that became slow goes to another node, with its attempt", async () => {
    const world = createWorld();
    const slow = gate();
    let ran = 0;
    const body = defineProcess({
      name: "job",
      input: z.object({ n: z.number() }),
      async run({ n }, { signal }) {
        ran += 1;
        if (n >= 200) await Promise.race([slow.promise, untilAborted({ signal })]);
        return n;
      },
    });
    const idsOf: ProcessId[] = [];
    for (let n = 0; n < 300; n++) idsOf.push(await world.start(body, { n }));
    const a = await world.node("a", [body]);
    const owned = async (name: string) =>
      (await Promise.all(idsOf.map((id) => world.processes.load(id)))).filter(
        (record) => record!.end === null && record!.owner?.nodeId === name,
      ).length;
    // Quick ones made it claim ahead; now all of its places are taken by slow ones.
    await vi.waitFor(async () => {
      expect(await world.processes.list({ live: true, limit: 300 })).toHaveLength(100);
      expect(a.runner.running.size).toBe(16);
      expect(await owned("a")).toBeGreaterThan(16);
    }, 10_000);
    await world.clock.advance(1_001);
    await world.clock.advance(1_001);
    await vi.waitFor(async () => {
      const waits = await world.processes.list({ live: true, limit: 300 });
      expect(waits.filter(({ startsInARow }) => startsInARow > 0)).toHaveLength(16);
    }, 10_000);
    const b = await world.node("b", [body]);
    await vi.waitFor(() => expect(b.runner.running.size).toBe(16), 10_000);
    slow.resolve();
    for (const id of idsOf) expect((await world.end(id)).type).toBe("completed");
    expect(ran, "each was entered once").toBe(300);
  });

  it("what is said to one that waits for a place is heard", async () => {
    const world = createWorld();
    const body = defineProcess({
      name: "job",
      input: z.object({ n: z.number() }),
      run: ({ n }, { signal }) => (n < 200 ? n : untilAborted({ signal })),
    });
    const idsOf: ProcessId[] = [];
    for (let n = 0; n < 260; n++) idsOf.push(await world.start(body, { n }));
    const { runner } = await world.node("a", [body]);
    await vi.waitFor(() => expect(runner.running.size).toBe(16), 10_000);
    for (const id of idsOf.slice(200)) {
      await world.commands.run(
        { operation: "cancel", processId: id, origin: "test" },
        { key: `cancel ${id}` },
      );
    }
    for (const id of idsOf.slice(200)) expect(await world.end(id)).toEqual({ type: "cancelled" });
  });

  it("names are checked, and two bodies of one name are refused", async () => {
    const named = (name: string) => defineProcess({ name, input: z.null(), run: () => 1 });
    expect(() => named("no spaces")).toThrow(expect.objectContaining({ code: "process_definition_invalid" }));
    const world = createWorld();
    await expect(world.node("a", [named("x"), named("x")])).rejects.toMatchObject({
      code: "process_definition_invalid",
    });
  });
});
