// Agents that work for others: D13, D18, D22.
import {
  type Agent,
  agent,
  delegateTo,
  type Json,
  type ModelRequest,
  type TurnEvent,
  tool,
} from "@pawl/core";
import type { Model, Store } from "@pawl/core/ports";
import { createHost, type Host, type TurnResult } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { type ScriptedTurn, scriptedModel } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { testHost } from "./test-host.ts";

/** One script for each model name. */
function models(scripts: Readonly<Record<string, readonly ScriptedTurn[]>>) {
  const made = new Map(Object.entries(scripts).map(([id, script]) => [id, scriptedModel(script, { id })]));
  const find = (name = "boss"): Model => {
    const model = made.get(name);
    if (model === undefined) throw new Error(`No script for ${name}.`);
    return model;
  };
  return { find, of: (name: string) => made.get(name)! };
}

const ask = (task: string, name = "ask_scout") => ({ tools: [{ name, input: { task } }] });
const scout = agent({ name: "scout", model: "scout", description: "Finds things" });

function bossOf(...delegates: NonNullable<Parameters<typeof agent>[0]["delegates"]>): Agent {
  return agent({ name: "boss", model: "boss", delegates });
}

async function toolResults(host: Host, session = "s1"): Promise<readonly Json[]> {
  const messages = await host.session(session).transcript();
  return messages.flatMap((m) => (m.role === "tool" ? m.parts.map(({ output }) => output) : []));
}

function lastText({ messages }: ModelRequest): string {
  const part = messages.at(-1)?.parts[0];
  return part?.type === "text" ? part.text : "";
}

const children = async (host: Host) =>
  (await host.sessions()).map(({ sessionId }) => sessionId).filter((id) => id.startsWith("sub_"));

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

describe("events of a turn and of the agents that work for it", () => {
  function scene() {
    const { find } = models({
      boss: [{ tools: [ask("a").tools[0]!, ask("b").tools[0]!] }, ask("c"), "done"],
      scout: ["one", "two", "three"],
    });
    return testHost({ store: memoryStore(), model: find, agents: [bossOf(scout)] });
  }

  async function all(host: Host, id: string, after?: string): Promise<readonly TurnEvent[]> {
    const events: TurnEvent[] = [];
    for await (const event of host.turn(id).events(after === undefined ? {} : { after })) events.push(event);
    return events;
  }

  it("D22 come in one order, with their path; an agent's end comes before its answer is taken up", async () => {
    const host = scene();
    const { id } = await host.session("s1").send("go");
    const live = all(host, id);
    const result: TurnResult = await host.turn(id).result();
    expect(result.status).toBe("completed");
    for (const events of [await live, await all(host, id)]) {
      expect(new Set(events.map((e) => e.id)).size).toBe(events.length);
      expect(events.at(-1)).toMatchObject({ type: "turn.committed", turnId: id });
      expect(
        events.filter((e) => e.type === "turn.committed" && e.path?.[0]?.agent === "scout"),
      ).toHaveLength(3);
      const ends = events.flatMap((e, at) => (e.type === "turn.committed" && e.path ? [at] : []));
      const taken = events.flatMap((e, at) => (e.type === "wait.settled" ? [at] : []));
      expect(taken.length).toBe(3);
      expect(ends[2]).toBeLessThan(taken[2]!);
    }
  });

  it("whoever goes on after any of them misses nothing and meets nothing twice", async () => {
    const host = scene();
    const { id } = await host.session("s1").send("go");
    await host.turn(id).result();
    const key = (e: TurnEvent) => `${e.turnId} ${e.seq} ${e.type} ${e.type === "turn.committed"}`;
    const whole = await all(host, id);
    for (const [at, event] of whole.entries()) {
      if (at === whole.length - 1) break;
      const rest = await all(host, id, event.id);
      const expected = whole.slice(at + 1).map(key);
      expect(rest.map(key).sort(), `after ${event.id}`).toEqual(expected.sort());
    }
    await expect(all(host, id, "12.0[oops")).rejects.toMatchObject({ code: "invalid_event_id" });
  });
});
