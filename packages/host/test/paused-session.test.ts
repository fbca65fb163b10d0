import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { type ScriptedTurn, scriptedModel } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";
import { testHost } from "./test-host.ts";

function node(store: ReturnType<typeof memoryStore>, script: readonly ScriptedTurn[], nodeId: string) {
  const model = scriptedModel(script);
  const host = testHost({ store, model, nodeId, pollMs: 20 });
  return { host, model };
}

describe("a paused session", () => {
  it("is driven by no node, also by one that comes later, until it is resumed", async () => {
    const store = memoryStore();
    const one = node(store, ["first", "second"], "one");
    expect(await (await one.host.session("s1").send("a")).result()).toMatchObject({ text: "first" });
    await one.host.session("s1").pause();
    const turn = await one.host.session("s1").send("b");
    await one.host.stop({ drainMs: 50 });

    const two = node(store, ["elsewhere", "second"], "two");
    await two.host.start();
    // It drives, and the paused session only is left alone.
    await (await two.host.session("s2").send("x")).result();
    expect(await two.host.turn(turn.id).explain()).toMatchObject({
      state: "queued",
      why: expect.stringContaining("paused"),
      advice: expect.stringContaining("resume()"),
    });
    // Who asks how it ended is told, and does not hang until somebody resumes it.
    expect(await two.host.turn(turn.id).result()).toMatchObject({
      status: "blocked",
      turnId: turn.id,
      code: "session_paused",
    });
    expect(two.model.left).toBe(1);
    await two.host.session("s1").resume();
    expect(await two.host.turn(turn.id).result()).toMatchObject({ text: "second" });
  });

  it("ends the turn that is under way and begins none behind it; a drain waits for that", async () => {
    const gate = Promise.withResolvers<void>();
    const store = memoryStore();
    const { host, model } = node(store, [{ text: "first", after: gate.promise }, "second"], "one");
    const [first, second] = [await host.session("s1").send("a"), await host.session("s1").send("b")];
    await vi.waitFor(() => expect(model.calls).toHaveLength(1), { timeout: 10_000 });
    expect(await host.session("s1").drain({ maxMs: 60 })).toEqual({ idle: false });
    const drained = host.session("s1").drain();
    gate.resolve();
    expect(await drained).toEqual({ idle: true });
    expect(await first?.result()).toMatchObject({ status: "completed", text: "first" });
    expect(await second?.result()).toMatchObject({ status: "blocked", code: "session_paused" });
    expect((await second?.explain())?.why).toContain("paused");
    expect(model.calls).toHaveLength(1);
    await host.session("s1").resume();
    expect(await second?.result()).toMatchObject({ text: "second" });
  });

  it("is said of a turn that was begun and that nobody drives, and of one that was answered meanwhile", async () => {
    const gate = Promise.withResolvers<void>();
    const store = memoryStore();
    const one = node(store, [{ text: "never", after: gate.promise }], "one");
    const turn = await one.host.session("s1").send("a");
    await vi.waitFor(() => expect(one.model.calls).toHaveLength(1), { timeout: 10_000 });
    await one.host.session("s1").pause();
    await one.host.stop({ drainMs: 0 });
    const two = node(store, ["done"], "two");
    expect(await two.host.turn(turn.id).result()).toMatchObject({
      status: "blocked",
      code: "session_paused",
    });
    await two.host.session("s1").resume();
    expect(await two.host.turn(turn.id).result()).toMatchObject({ status: "completed" });
  });

  it("must be one: there is nothing to pause before its first input", async () => {
    const { host } = node(memoryStore(), [], "one");
    for (const verb of ["pause", "resume", "drain"] as const) {
      await expect(host.session("s1")[verb]()).rejects.toMatchObject({ code: "session_unknown" });
    }
  });
});

describe("a turn that was begun", () => {
  it("is explained by who drives it, and by nobody where nobody does", async () => {
    const gate = Promise.withResolvers<void>();
    const store = memoryStore();
    const one = node(store, [{ text: "never", after: gate.promise }], "one");
    const turn = await one.host.session("s1").send("a");
    await vi.waitFor(() => expect(one.model.calls).toHaveLength(1), { timeout: 10_000 });
    const looking = createHost({ store, model: scriptedModel([]) }).turn(turn.id);
    expect(await looking.explain()).toMatchObject({ state: "running", why: "Node one drives it." });
    expect(await turn.explain()).toMatchObject({ why: "This process drives it." });
    await one.host.stop({ drainMs: 0 });
    expect(await looking.explain()).toMatchObject({
      state: "running",
      why: expect.stringContaining("no node drives it"),
      advice: expect.stringContaining("Start a host"),
    });
  });
});
