// Agents that work for others: D13, D18, D22.
import { agent, tool } from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { ask, bossOf, children, lastText, models, scout, toolResults } from "./delegating-agents.ts";
import { testHost } from "./test-host.ts";

describe("an agent that works for another", () => {
  it("D22 does so in a session of its own, and its answer is the call's result", async () => {
    const { find, of } = models({
      boss: [ask("find it"), "found: 42"],
      scout: [(r) => `${lastText(r)} = 42`],
    });
    const host = testHost({ store: memoryStore(), model: find, agents: [bossOf(scout)] });
    const turn = await host.session("s1").send("go");
    const result = await turn.result();
    expect(result).toMatchObject({ status: "completed", text: "found: 42" });
    expect(await toolResults(host)).toEqual(["find it = 42"]);
    const [child] = await children(host);
    expect((await host.session(child!).transcript()).map(({ role }) => role)).toEqual(["user", "assistant"]);
    // What the model sees of it is a tool with the agent's description.
    expect(of("boss").calls[0]?.tools).toMatchObject([{ name: "ask_scout", description: "Finds things" }]);
    expect(of("scout").calls[0]?.tools).toEqual([]);
    // The parent's usage has the child's.
    expect(result).toMatchObject({ usage: { modelCalls: 3 } });
    expect(await turn.replay()).toMatchObject({ identical: true });
    expect(await host.session(child!).verify()).toMatchObject({ intact: true });
  });

  it("tells its failure to the model that asked", async () => {
    const { find } = models({
      boss: [ask("try"), "I did without."],
      scout: [{ failure: { message: "No credit.", code: "model_quota_exhausted" } }],
    });
    const host = testHost({ store: memoryStore(), model: find, agents: [bossOf(scout)] });
    expect(await (await host.session("s1").send("go")).result()).toMatchObject({ text: "I did without." });
    expect(await toolResults(host)).toMatchObject([
      { code: "model_quota_exhausted", message: expect.stringContaining("No credit.") },
    ]);
  });

  it("works beside others: the calls of one answer run at once and settle in any order", async () => {
    const slow = Promise.withResolvers<void>();
    const { find } = models({
      boss: [{ tools: [ask("a").tools[0]!, ask("b").tools[0]!] }, "both"],
      scout: [
        (r) => ({ text: `did ${lastText(r)}`, ...(lastText(r) === "a" && { after: slow.promise }) }),
        (r) => {
          slow.resolve();
          return `did ${lastText(r)}`;
        },
      ],
    });
    const host = testHost({ store: memoryStore(), model: find, agents: [bossOf(scout)] });
    expect(await (await host.session("s1").send("go")).result()).toMatchObject({ text: "both" });
    expect(await toolResults(host)).toEqual(["did a", "did b"]);
    expect(await children(host)).toHaveLength(2);
  });

  it("refuses a call without a task", async () => {
    const { find } = models({ boss: [{ tools: [{ name: "ask_scout", input: {} }] }, "ok"], scout: [] });
    const host = testHost({ store: memoryStore(), model: find, agents: [bossOf(scout)] });
    await (await host.session("s1").send("go")).result();
    expect(await toolResults(host)).toMatchObject([{ code: "tool_input_invalid" }]);
    expect(await children(host)).toEqual([]);
  });
});

describe("what an agent waits for", () => {
  const refund = tool({
    description: "Refunds",
    input: z.object({ cents: z.number() }),
    execute: () => "paid",
  });
  const clerk = agent({ name: "clerk", model: "clerk" });
  const lead = agent({ name: "lead", model: "lead", delegates: [clerk] });

  function scene(store: Store<never> = memoryStore()) {
    const { find } = models({
      boss: [ask("deal with it", "ask_lead"), "all paid"],
      lead: [ask("pay", "ask_clerk"), "paid by the clerk"],
      clerk: [{ tools: [{ name: "refund", input: { cents: 9000 } }] }, "paid"],
    });
    const options = {
      store,
      model: find,
      agents: [bossOf(lead)],
      tools: { refund },
      approvals: { refund: () => true },
    } as const;
    return { host: testHost(options), options };
  }

  it("D22 surfaces in the turn it works for, with its path, and is answered there", async () => {
    const { host } = scene();
    const turn = await host.session("s1").send("go");
    const result = await turn.result();
    if (result.status !== "waiting") throw new Error(result.status);
    const [wait] = result.waits;
    expect(wait?.reason).toMatchObject({ type: "approval", tool: "refund", input: { cents: 9000 } });
    expect(wait?.path?.map(({ agent }) => agent)).toEqual(["lead", "clerk"]);
    const explained = await turn.explain();
    expect(explained).toMatchObject({ state: "waiting" });
    expect(explained.why).toContain('approval of agent "clerk"');
    // The same wait from the agent's own turn has no path.
    const middle = await host.turn(wait!.path![0]!.turnId).result();
    expect(middle).toMatchObject({
      status: "waiting",
      waits: [{ id: wait!.id, path: [{ agent: "clerk" }] }],
    });
    // Nobody else can end the wait for an agent.
    expect((await host.waits.list()).map(({ id }) => id)).toEqual([wait!.id]);

    await host.waits.answer(wait!.id, { decision: "approve" }, { by: "boss" });
    expect(await turn.result()).toMatchObject({ status: "completed", text: "all paid" });
  });

  it("is answered on another host, long after the first is gone", async () => {
    const store = memoryStore();
    const { host, options } = scene(store);
    const { id } = await host.session("s1").send("go");
    const result = await host.turn(id).result();
    await host.stop({ drainMs: 50 });
    const other = testHost(options);
    const [wait] = result.status === "waiting" ? result.waits : [];
    await other.waits.answer(wait!.id, { decision: "approve" }, { by: "boss" });
    expect(await other.turn(id).result()).toMatchObject({ status: "completed", text: "all paid" });
  });

  it("D18 cancelling the turn cancels all that work for it, down to the last", async () => {
    const { host } = scene();
    const turn = await host.session("s1").send("go");
    const result = await turn.result();
    const path = result.status === "waiting" ? result.waits[0]!.path! : [];
    await turn.cancel({ reason: "enough" });
    expect(await turn.result()).toMatchObject({ status: "cancelled" });
    for (const { turnId } of path) {
      expect(await host.turn(turnId).result()).toMatchObject({
        status: "cancelled",
        evidence: { origin: "parent" },
      });
    }
    expect(await host.waits.list()).toEqual([]);
  });

  it.each(["stop", "destroy"] as const)("D18 so does %s of its session", async (verb) => {
    const { host } = scene();
    const turn = await host.session("s1").send("go");
    const result = await turn.result();
    const path = result.status === "waiting" ? result.waits[0]!.path! : [];
    expect(path.length).toBeGreaterThan(1);
    await host.session("s1")[verb]();
    for (const { turnId } of path) {
      expect(await host.turn(turnId).result()).toMatchObject({
        status: "cancelled",
        evidence: { origin: "parent" },
      });
    }
    expect(await host.waits.list()).toEqual([]);
  });

  it("an agent that was cancelled by itself is a failed call", async () => {
    const { host } = scene();
    const turn = await host.session("s1").send("go");
    const result = await turn.result();
    const path = result.status === "waiting" ? result.waits[0]!.path! : [];
    await host.turn(path[1]!.turnId).cancel({ reason: "not this one" });
    expect(await turn.result()).toMatchObject({ status: "completed", text: "all paid" });
    expect(await toolResults(host, path[0]!.sessionId)).toMatchObject([
      { code: "agent_cancelled", message: expect.stringContaining("not this one") },
    ]);
  });

  it("a cancel reaches an agent that is at work", async () => {
    const { find } = models({
      boss: [ask("wait")],
      scout: [{ text: "late", after: new Promise(() => {}) }],
    });
    const host = testHost({ store: memoryStore(), model: find, agents: [bossOf(scout)] });
    const turn = await host.session("s1").send("go");
    const [child] = await vi.waitFor(
      async () => {
        const all = await children(host);
        expect(all).toHaveLength(1);
        const { why } = await turn.explain();
        expect(why).toContain('agent "scout"');
        return all;
      },
      { timeout: 10_000 },
    );
    await turn.cancel();
    expect(await turn.result()).toMatchObject({ status: "cancelled" });
    const [summary] = await host.session(child!).turns();
    expect(await host.turn(summary!.turnId).result()).toMatchObject({ status: "cancelled" });
  });
});

describe("a host of several agents", () => {
  it("knows those that others hand work to, and refuses two of one name", async () => {
    const { find } = models({ boss: [], scout: ["hi"] });
    const host = testHost({ store: memoryStore(), model: find, agents: [bossOf(scout)] });
    expect(await (await host.session("s1").send("hi", { agent: "scout" })).result()).toMatchObject({
      text: "hi",
    });
    const other = agent({ name: "scout" });
    const both = () => createHost({ store: memoryStore(), model: find, agents: [bossOf(scout), other] });
    expect(both).toThrow(expect.objectContaining({ code: "agent_name_taken" }));
  });
});
