import { callId, type ModelResult, NO_USAGE, PRUNE_KINDS, tool } from "@pawl/core";
import type { Model, Store } from "@pawl/core/ports";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, scriptedModel } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { createHost, type Host } from "../src/index.ts";

const DAY_MS = 86_400_000;

async function collect<T>(events: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** Two turns that have ended, on a clock that the test moves on. */
async function lived() {
  let now = Date.UTC(2026, 0, 1);
  const clock = { now: () => now, at: manualClock().at };
  const store = memoryStore({ clock });
  const host: Host = createHost({
    store,
    model: scriptedModel([{ text: "one", deltas: ["o", "ne"] }, "two", "three"]),
  });
  const turns = [];
  for (const text of ["first", "second"]) {
    const turn = await host.session("s1").send(text);
    expect((await turn.result()).status).toBe("completed");
    turns.push(turn);
  }
  return { store, host, turns, pass: (ms: number) => (now += ms) };
}

/** The host reads the system's clock: this is how old everything is for it. */
const EVERYTHING = { olderThanMs: 0 };

describe("host.prune (D8, D24)", () => {
  it("leaves what is young, counts without deleting, and says what went", async () => {
    const { host, pass } = await lived();
    pass(-DAY_MS);
    const young = await host.prune({ olderThanMs: 365 * DAY_MS * 10 });
    expect(Object.values(young.counts).reduce((sum, count) => sum + (count ?? 0), 0)).toBe(0);
    expect(Object.keys(young.counts)).toEqual([...PRUNE_KINDS]);
    const dry = await host.prune({ ...EVERYTHING, dryRun: true });
    expect(dry).toMatchObject({ dryRun: true, counts: { text: 2, turns: 2 } });
    const told: [string, number][] = [];
    const done = await host.prune({
      ...EVERYTHING,
      only: ["turns"],
      onProgress: (kind, count) => told.push([kind, count]),
    });
    expect(done.counts).toEqual({ turns: 2 });
    expect(told).toEqual([["turns", 2]]);
    expect((await host.prune(EVERYTHING)).counts).toMatchObject({ text: 0, turns: 0 });
    await host.stop();
  });

  it("keeps results, transcript and chain; a replay says what is missing, and events show it and end", async () => {
    const { host, turns } = await lived();
    const before = await host.session("s1").transcript();
    await host.prune(EVERYTHING);
    expect(await turns[0]!.result()).toMatchObject({ status: "completed", text: "one" });
    expect(await host.session("s1").transcript()).toEqual(before);
    expect(await host.session("s1").verify()).toMatchObject({ intact: true, receipts: 2, erasedAt: null });
    for (const look of [turns[0]!.replay(), turns[0]!.record(), turns[0]!.effects()]) {
      await expect(look).rejects.toMatchObject({ code: "turn_pruned" });
    }
    const events = await collect(turns[0]!.events());
    expect(events.map(({ type }) => type)).toEqual(["log.pruned", "turn.committed"]);
    expect((await (await host.session("s1").send("third")).result()).status).toBe("completed");
    await host.stop();
  });

  it("of text alone: the turn replays as before", async () => {
    const { host, turns } = await lived();
    await host.prune({ ...EVERYTHING, only: ["text"] });
    const events = await collect(turns[0]!.events());
    expect(events.filter(({ type }) => type === "log.pruned")).toHaveLength(1);
    expect(events.filter(({ type }) => type === "text.delta")).toEqual([]);
    expect(await turns[0]!.replay()).toMatchObject({ identical: true, performed: 0 });
    await host.stop();
  });

  it("stops between two batches when it is told to, and refuses nonsense", async () => {
    const { host } = await lived();
    const signal = AbortSignal.abort();
    expect((await host.prune({ ...EVERYTHING, signal })).counts.turns).toBe(0);
    await expect(host.prune({ olderThanMs: -1 })).rejects.toMatchObject({ code: "prune_invalid" });
    await expect(host.prune({ olderThanMs: 1, only: ["receipts" as never] })).rejects.toMatchObject({
      code: "prune_invalid",
    });
    await host.stop();
  });
});

describe("session.erase", () => {
  it("leaves a chain of digests that verifies, also against an anchor, and an id that is used up", async () => {
    const { host, turns } = await lived();
    const session = host.session("s1");
    const { head } = await session.verify();
    const erased = await session.erase();
    expect(erased.chain).toHaveLength(2);
    expect(await session.record()).toBeNull();
    expect(await session.transcript()).toEqual([]);
    await expect(turns[0]!.result()).rejects.toMatchObject({ code: "turn_unknown" });
    await expect(session.send("again")).rejects.toMatchObject({ code: "session_not_accepting" });
    const verified = await session.verify({ anchor: head ?? "" });
    expect(verified).toMatchObject({
      intact: true,
      receipts: 2,
      messages: 0,
      head,
      erasedAt: erased.erasedAt,
    });
    expect(await session.verify({ anchor: "0".repeat(64) })).toMatchObject({
      intact: false,
      broken: { part: "anchor" },
    });
    expect(await session.erase()).toEqual(erased);
    await host.stop();
  });

  it("names the first broken link of what is left", async () => {
    const { host, store } = await lived();
    const erased = await host.session("s1").erase();
    const chain = erased.chain.map((link, index) => (index === 1 ? { ...link, previous: "forged" } : link));
    const forged: Store<never> = {
      ...store,
      retention: { ...store.retention, erased: async () => ({ ...erased, chain }) },
    };
    const other = createHost({ store: forged, model: scriptedModel([]) });
    expect(await other.session("s1").verify()).toMatchObject({
      intact: false,
      broken: { part: "link", index: 1 },
    });
    await host.stop();
  });

  it("refuses a session that never was", async () => {
    const host = createHost({ store: memoryStore(), model: scriptedModel([]) });
    await expect(host.session("nobody").erase()).rejects.toMatchObject({ code: "session_unknown" });
  });

  it("asks a turn that runs to end, and waits for it; its keys are unknown and none is minted", async () => {
    const store = memoryStore();
    const begun = Promise.withResolvers<void>();
    const wait = tool({
      description: "Waits until it is told to stop",
      input: z.object({}),
      onCrash: "retry",
      execute: (_input, { signal }) => {
        begun.resolve();
        return new Promise<string>((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      },
    });
    const model: Model = {
      id: "m",
      async call(): Promise<ModelResult> {
        const parts = [{ type: "tool_call" as const, callId: callId("c"), name: "wait", input: {} }];
        return {
          ok: true,
          answer: { parts, terminalReason: "tool_use", usage: { ...NO_USAGE, modelCalls: 1 }, model: "m" },
        };
      },
    };
    const host = createHost({ store, model, tools: { wait } });
    await host.session("s1").send("go");
    await begun.promise;
    await host.session("s1").send("queued behind it");
    const erased = await host.session("s1").erase({ waitMs: 20_000 });
    expect(erased.chain).toHaveLength(1);
    expect(await host.session("s1").record()).toBeNull();
    expect(await host.sessions()).toEqual([]);
    await host.stop();
  });

  it("gives up after a while on a turn that does not end, and goes on when asked again", async () => {
    const store = memoryStore();
    const clock = manualClock();
    const host = createHost({ store: memoryStore({ clock }), clock, model: scriptedModel(["one"]) });
    const busy: Store<never> = {
      ...store,
      retention: { ...store.retention, erase: async () => ({ status: "busy" }) },
    };
    const waiting = createHost({ store: busy, clock, model: scriptedModel([]) });
    const erasing = waiting.session("s1").erase({ waitMs: 1_000 });
    const refused = expect(erasing).rejects.toMatchObject({ code: "session_busy" });
    await clock.advance(2_000);
    await refused;
    await host.stop();
  });

  it("of an approval that waits: it is gone from the list, and its key is refused", async () => {
    const store = memoryStore();
    const pay = tool({ description: "Pays", input: z.object({}), execute: () => "paid" });
    const host = createHost({
      store,
      model: scriptedModel([{ tools: [{ name: "pay" }] }, "done"]),
      tools: { pay },
      approvals: { pay: () => true },
    });
    const result = await (await host.session("s1").send("pay")).result();
    if (result.status !== "waiting") throw new Error(`It is ${result.status}.`);
    const id = result.waits[0]!.id;
    await vi.waitFor(async () => expect((await host.session("s1").record())?.parked).toBe(true), {
      timeout: 10_000,
    });
    await host.session("s1").erase();
    expect(await host.waits.list()).toEqual([]);
    await expect(host.waits.key(id)).rejects.toMatchObject({ code: "wait_unknown" });
    expect(await host.waits.answer(id, { decision: "approve" }, { by: "x" })).toEqual({
      status: "unknown_or_revoked",
    });
    await host.stop();
  });
});
