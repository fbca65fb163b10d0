// Who asks for a background task runs it, if it can: registered, claimed and entered in one append.
import type { Processes } from "@pawl/core/ports";
import { type AnyProcess, defineProcess, type ProcessContext } from "@pawl/effects/processes";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { createWorld, TTL_MS } from "./support.ts";

const untilAborted = ({ signal }: Pick<ProcessContext, "signal">) =>
  new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
const quick = defineProcess({ name: "quick", input: z.null(), run: (_input, { attempt }) => attempt });
const long = defineProcess({
  name: "long",
  input: z.null(),
  run: (_input, context) => untilAborted(context),
});
const LONGEST = { timeout: 10_000 };

/** A world that counts what its store is asked. */
function countedWorld() {
  const asked: string[] = [];
  const world = createWorld((processes) => ({
    ...processes,
    append: (given) => {
      asked.push(given.claim ? "append and claim" : "append");
      return processes.append(given);
    },
    load: (id) => {
      asked.push("load");
      return processes.load(id);
    },
    claim: async (lease, request) => {
      const claims = await processes.claim(lease, request);
      asked.push(claims.length > 0 ? "claim" : "look");
      return claims;
    },
  }));
  return { ...world, asked };
}

describe("a background task that is asked for where its body is", () => {
  it("begins at once and is awaited there: two appends, no claim and no read", async () => {
    const world = countedWorld();
    const a = await world.node("a", [quick]);
    await vi.waitFor(() => expect(world.asked).toEqual(["look"]), LONGEST);
    for (let round = 1; round <= 3; round++) {
      world.asked.length = 0;
      const id = await world.start(quick, null, {}, a.commands);
      expect(await world.end(id, a.commands)).toEqual({ type: "completed", output: 1 });
      expect(world.asked).toEqual(["append and claim", "append"]);
      expect(await world.types(id)).toEqual(["registered", "started", "completed"]);
    }
  });

  it("is seen to run by another node, which hears of its end", async () => {
    const world = createWorld();
    const a = await world.node("a", [long]);
    await world.node("b", [long]);
    const id = await world.start(long, null, {}, a.commands);
    expect(await world.processes.load(id)).toMatchObject({ status: "running", owner: { nodeId: "a" } });
    const end = world.end(id);
    await world.commands.run({ operation: "cancel", processId: id, origin: "ana" }, { key: "c" });
    expect(await end).toEqual({ type: "cancelled" });
  });

  it("a request for its end that comes at once is heard by the body", async () => {
    const world = createWorld();
    const a = await world.node("a", [long]);
    const id = await world.start(long, null, {}, a.commands);
    const end = world.end(id, a.commands);
    await a.commands.run({ operation: "cancel", processId: id, origin: "ana" }, { key: "c" });
    expect(await end).toEqual({ type: "cancelled" });
    expect((await world.processes.load(id))?.attempts).toBe(1);
  });

  it("D17 is run by another node when this one dies right then", async () => {
    const world = createWorld();
    const first = defineProcess({
      name: "first",
      input: z.null(),
      run: (_input, context) => (context.attempt === 1 ? untilAborted(context) : context.attempt),
    });
    const a = await world.node("a", [first]);
    const id = await world.start(first, null, {}, a.commands);
    const end = world.end(id, a.commands);
    await a.die();
    await world.node("b", [first]);
    expect(await end, "who waits in the dead node's process sees it, too").toEqual({
      type: "completed",
      output: 2,
    });
  });

  it("D3 nothing that happens here counts when the lease is lost between the claim and the body", async () => {
    let lose = async () => {};
    const world = createWorld((processes: Processes) => ({
      ...processes,
      append: async (given) => {
        const appended = await processes.append(given);
        if (given.claim) await lose();
        return appended;
      },
    }));
    let ran = 0;
    const body = defineProcess({
      name: "body",
      input: z.null(),
      run: () => {
        ran += 1;
        return ran;
      },
    });
    const a = await world.node("a", [body]);
    lose = a.die;
    const id = await world.start(body, null, {}, a.commands);
    await vi.waitFor(() => expect(a.runner.running.size).toBe(0), LONGEST);
    expect([ran, await world.types(id)]).toEqual([0, ["registered", "started"]]);
    await world.node("b", [body]);
    expect(await world.end(id)).toEqual({ type: "completed", output: 1 });
  });

  it("a node that stops meanwhile leaves it in good order for another", async () => {
    const stopping = Promise.withResolvers<void>();
    let stop = () => {};
    const world = createWorld((processes: Processes) => ({
      ...processes,
      append: async (given) => {
        const appended = await processes.append(given);
        if (given.claim) stop();
        return appended;
      },
    }));
    const a = await world.node("a", [quick]);
    stop = () => void a.runner.stop({ drainMs: 1_000 }).then(stopping.resolve);
    const id = await world.start(quick, null, {}, a.commands);
    await stopping.promise;
    expect(await world.types(id), "stop waited for it").toEqual(["registered", "started", "left"]);
    expect((await world.processes.load(id))?.startsInARow).toBe(0);
    const after = await world.start(quick, null, {}, a.commands);
    expect((await world.processes.load(after))?.status).toBe("registered");
    await world.node("b", [quick]);
    expect(await world.end(id)).toEqual({ type: "completed", output: 2 });
    expect(await world.end(after)).toEqual({ type: "completed", output: 1 });
  });

  it("a node that is paused, has no body or no place only registers it", async () => {
    const world = createWorld();
    const a = await world.node("a", [long, quick]);
    const statusOf = async (body: AnyProcess) => {
      const id = await world.start(body, null, {}, a.commands);
      return (await world.processes.load(id))?.status;
    };
    await world.store.leases.setNodePaused(a.lease.nodeId, true);
    expect(await statusOf(quick)).toBe("registered");
    await world.store.leases.setNodePaused(a.lease.nodeId, false);
    a.runner.poke();
    await vi.waitFor(
      async () => expect(await world.processes.list({ live: true, limit: 9 })).toEqual([]),
      LONGEST,
    );
    expect(await statusOf(defineProcess({ name: "foreign", input: z.null(), run: () => 1 }))).toBe(
      "registered",
    );
    for (let n = 0; n < 16; n++) expect(await statusOf(long)).toBe("running");
    expect(await statusOf(quick)).toBe("registered");
    expect(a.runner.running.size).toBe(16);
  });

  it("those that come at once never run more than there are places, and each runs once", async () => {
    const world = createWorld();
    let [now, most, ran] = [0, 0, 0];
    const body = defineProcess({
      name: "body",
      input: z.null(),
      async run() {
        ran += 1;
        now += 1;
        most = Math.max(most, now);
        for (let turn = 0; turn < 20; turn++) await null;
        now -= 1;
        return null;
      },
    });
    const a = await world.node("a", [body]);
    const ids = await Promise.all(Array.from({ length: 100 }, () => world.start(body, null, {}, a.commands)));
    for (const id of ids)
      expect(await world.end(id, a.commands)).toEqual({ type: "completed", output: null });
    expect([ran, most <= 16]).toEqual([100, true]);
    for (const id of ids) expect((await world.processes.load(id))?.attempts).toBe(1);
  });

  it("what waits already comes first", async () => {
    const world = createWorld();
    const order: number[] = [];
    const numbered = defineProcess({
      name: "numbered",
      input: z.number(),
      run: (n) => order.push(n),
    });
    const free = Promise.withResolvers<void>();
    const place = defineProcess({ name: "place", input: z.null(), run: () => free.promise.then(() => 1) });
    const a = await world.node("a", [numbered, place]);
    for (let n = 0; n < 16; n++) await world.start(place, null, {}, a.commands);
    const ids = [];
    for (const n of [1, 2, 3]) ids.push(await world.start(numbered, n, {}, a.commands));
    free.resolve();
    ids.push(await world.start(numbered, 4, {}, a.commands));
    for (const id of ids) await world.end(id);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it("an end that its own process cannot write is not told, and whoever waits hears the later one", async () => {
    let lose = true;
    const world = createWorld((processes: Processes) => ({
      ...processes,
      append: async (given) => {
        if (lose && given.bodies[0]?.type === "completed") {
          lose = false;
          throw Object.assign(new Error("gone"), { code: "store_fenced", blame: "infrastructure" });
        }
        return processes.append(given);
      },
    }));
    const a = await world.node("a", [quick]);
    const id = await world.start(quick, null, {}, a.commands);
    const end = world.end(id, a.commands);
    await vi.waitFor(() => expect(a.runner.running.size).toBe(0), LONGEST);
    expect((await world.processes.load(id))?.end).toBe(null);
    await world.clock.advance(TTL_MS / 2);
    expect(await end).toEqual({ type: "completed", output: 2 });
  });
});
