// What agents that work for others may do and spend: D13.
import { type Agent, agent, delegateTo, type Json, tool } from "@pawl/core";
import { memoryStore } from "@pawl/store-memory";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ask, bossOf, children, models, scout, toolResults } from "./delegating-agents.ts";
import { testHost } from "./test-host.ts";

describe("what an agent may do and spend", () => {
  const tools = {
    look: tool({ description: "Looks", input: z.object({}), onCrash: "retry", execute: () => 1 }),
    pay: tool({ description: "Pays", input: z.object({}), execute: () => 2 }),
  };

  it("is within what its parent was granted, however deep", async () => {
    const last = agent({ name: "last", model: "last" });
    const middle = agent({ name: "middle", model: "middle", tools: ["pay"], delegates: [last] });
    const { find, of } = models({
      boss: [ask("x", "ask_middle"), "ok"],
      middle: [ask("y", "ask_last"), { tools: [{ name: "pay" }] }, "ok"],
      last: [{ tools: [{ name: "pay" }, { name: "look" }] }, "ok"],
    });
    const host = testHost({ store: memoryStore(), model: find, agents: [bossOf(middle)], tools });
    await (await host.session("s1").send("go", { grant: { tools: ["l*"] } })).result();
    const offered = (name: string) => of(name).calls[0]?.tools.map((t) => t.name);
    expect([offered("boss"), offered("middle"), offered("last")]).toEqual([
      ["look", "ask_middle"],
      ["ask_last"],
      ["look"],
    ]);
    const all = await Promise.all((await children(host)).map((id) => toolResults(host, id)));
    expect(all.flat().filter((r) => typeof r === "object")).toMatchObject([
      { code: "tool_unknown" },
      { code: "tool_unknown" },
    ]);
  });

  it("a delegate may be granted less than its parent has", async () => {
    const { find, of } = models({ boss: [ask("x"), "ok"], scout: ["ok"] });
    const agents = [bossOf(delegateTo(scout, { tools: ["look"] }))];
    const host = testHost({ store: memoryStore(), model: find, agents, tools });
    await (await host.session("s1").send("go")).result();
    expect(of("boss").calls[0]?.tools.map((t) => t.name)).toEqual(["look", "pay", "ask_scout"]);
    expect(of("scout").calls[0]?.tools.map((t) => t.name)).toEqual(["look"]);
  });

  it("what the parent may not do unasked, its agents may not either", async () => {
    const { find } = models({ boss: [ask("x"), "ok"], scout: [{ tools: [{ name: "pay" }] }, "ok"] });
    const host = testHost({ store: memoryStore(), model: find, agents: [bossOf(scout)], tools });
    const result = await (await host.session("s1").send("go", { ask: ["pay"] })).result();
    expect(result).toMatchObject({
      status: "waiting",
      waits: [{ reason: { type: "approval", tool: "pay" }, path: [{ agent: "scout" }] }],
    });
  });

  const usage = (inputTokens: number, costNanoUsd = 0) => ({ inputTokens, outputTokens: 0, costNanoUsd });

  it("D13 is carved from its parent's budget, and what is left over returns", async () => {
    const seen: Json[] = [];
    const { find } = models({
      boss: [
        { ...ask("x"), usage: usage(100, 100) },
        { ...ask("y"), usage: usage(100, 100) },
        { text: "ok", usage: usage(1) },
      ],
      scout: [
        { text: "cheap", usage: usage(50, 50) },
        { text: "cheap", usage: usage(50, 50) },
      ],
    });
    const store = memoryStore();
    const host = testHost({ store, model: find, agents: [bossOf(scout)] });
    const limits = { maxTokens: 1_000, maxCostNanoUsd: 2_000 };
    const result = await (await host.session("s1").send("go", { limits })).result();
    expect(result).toMatchObject({ status: "completed", usage: { inputTokens: 301, costNanoUsd: 300 } });
    for (const id of await children(host)) {
      const [input] = await host.session(id).inputs();
      seen.push(input?.content.environment ?? null);
    }
    // Half of what is left each time: of 900 and 1900, then of 750 and 1750, because only 50 each were spent.
    expect(seen).toHaveLength(2);
    expect(seen).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ limits: { maxTokens: 450, maxCostNanoUsd: 950, maxDepth: 3 } }),
        expect.objectContaining({ limits: { maxTokens: 375, maxCostNanoUsd: 875, maxDepth: 3 } }),
      ]),
    );
  });

  it("D13 calls of one answer share what is left, and cannot both take the last of it", async () => {
    const { find } = models({
      boss: [{ tools: [ask("a").tools[0]!, ask("b").tools[0]!, ask("c").tools[0]!], usage: usage(90) }, "ok"],
      scout: [
        { text: "1", usage: usage(1) },
        { text: "2", usage: usage(1) },
      ],
    });
    const agents = [bossOf(delegateTo(scout, { budget: { tokens: 6 } }))];
    const host = testHost({ store: memoryStore(), model: find, agents });
    await (await host.session("s1").send("go", { limits: { maxTokens: 100 } })).result();
    const given = await Promise.all(
      (await children(host)).map(async (id) => (await host.session(id).inputs())[0]?.content.environment),
    );
    expect(given.map((e) => (e as { limits: { maxTokens: number } }).limits.maxTokens).sort()).toEqual([
      4, 6,
    ]);
    expect(await toolResults(host)).toMatchObject([
      expect.any(String),
      expect.any(String),
      { code: "budget_exhausted" },
    ]);
  });

  it("the agent's limit is what was carved: it ends in a last answer, and its parent goes on", async () => {
    const { find, of } = models({
      boss: [
        { ...ask("x"), usage: usage(10) },
        { text: "ok", usage: usage(1) },
      ],
      scout: [
        { tools: [{ name: "look" }], usage: usage(40) },
        { text: "as far as I came", usage: usage(1) },
      ],
    });
    const host = testHost({ store: memoryStore(), model: find, agents: [bossOf(scout)], tools });
    await (await host.session("s1").send("go", { limits: { maxTokens: 70 } })).result();
    expect(await toolResults(host)).toEqual(["as far as I came"]);
    expect(of("scout").calls[1]?.toolChoice).toBe("none");
  });

  it("how many, and how deep, is bounded", async () => {
    const self = (depth: number): Agent =>
      agent({
        name: `a${depth}`,
        model: `a${depth}`,
        ...(depth < 3 && { delegates: [delegateTo(self(depth + 1), { name: "deeper" })] }),
      });
    const { find, of } = models({
      boss: [ask("1", "ask_a0"), ask("2", "ask_a0"), "ok"],
      a0: [ask("2", "deeper"), "ok"],
      a1: ["ok"],
    });
    const boss = agent({
      name: "boss",
      model: "boss",
      delegates: [self(0)],
      limits: { maxChildren: 1, maxDepth: 2 },
    });
    const host = testHost({ store: memoryStore(), model: find, agents: [boss] });
    await (await host.session("s1").send("go")).result();
    expect(await toolResults(host)).toMatchObject(["ok", { code: "agent_children_reached" }]);
    expect(of("a0").calls[0]?.tools.map((t) => t.name)).toEqual(["deeper"]);
    expect(of("a1").calls[0]?.tools).toEqual([]);
  });

  it("an agent that takes too long is told to stop", async () => {
    const { find } = models({
      boss: [ask("x"), "did without"],
      scout: [{ text: "late", after: new Promise(() => {}) }],
    });
    const agents = [bossOf(delegateTo(scout, { timeoutMs: 50 }))];
    const host = testHost({ store: memoryStore(), model: find, agents });
    expect(await (await host.session("s1").send("go")).result()).toMatchObject({ text: "did without" });
    expect(await toolResults(host)).toMatchObject([{ code: "tool_timeout" }]);
    const [summary] = await host.session((await children(host))[0]!).turns();
    expect(await host.turn(summary!.turnId).result()).toMatchObject({ status: "cancelled" });
  });
});
