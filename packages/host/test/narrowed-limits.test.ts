// Bounds from somebody who may tighten what an agent is made for, and not loosen it.
import { agent, DEFAULT_LIMITS, type TurnLimits, tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const work = tool({ description: "Works", input: z.object({}), execute: () => 1 });
const WORK = { tools: [{ name: "work" }] };

async function limitsOf(own: Partial<TurnLimits>, narrow: Partial<TurnLimits>, limits?: Partial<TurnLimits>) {
  const agents = [agent({ name: "a", limits: own })];
  const host = createHost({ store: memoryStore(), model: scriptedModel(["hi"]), agents });
  const turn = await host.session("s1").send("hi", { narrow, ...(limits && { limits }) });
  const result = await turn.result();
  const { config } = await turn.record();
  await host.stop();
  return { result, limits: config.limits };
}

describe("send with narrow", () => {
  const OWN = { maxIterations: 5, maxTokens: 100 };
  it.each<[string, Partial<TurnLimits>, Partial<TurnLimits>, Partial<TurnLimits>]>([
    ["tightens", OWN, { maxIterations: 2, maxTokens: 9 }, { maxIterations: 2, maxTokens: 9 }],
    ["does not loosen", OWN, { maxIterations: 9, maxTokens: 900, maxWallMs: 1e12 }, OWN],
    ["sets what was not bounded", {}, { maxCostNanoUsd: 7, maxDepth: 1 }, { maxCostNanoUsd: 7, maxDepth: 1 }],
    [
      "may end with a last answer",
      { onBudget: "wait" },
      { onBudget: "last_answer" },
      { onBudget: "last_answer" },
    ],
    [
      "may wait where there is no other budget",
      {},
      { maxTokens: 5, onBudget: "wait" },
      { maxTokens: 5, onBudget: "wait" },
    ],
    [
      "may not wait for more than the agent was made for",
      OWN,
      { maxTokens: 5, onBudget: "wait" },
      { ...OWN, maxTokens: 5 },
    ],
    [
      "waits where the agent waits",
      { ...OWN, onBudget: "wait" },
      { maxTokens: 5 },
      { ...OWN, maxTokens: 5, onBudget: "wait" },
    ],
  ])("%s", async (_, own, narrow, expected) => {
    const { result, limits } = await limitsOf(own, narrow);
    expect(result.status).toBe("completed");
    expect(limits).toEqual({ ...DEFAULT_LIMITS, ...expected });
  });

  it("comes after limits that replace those of the agent", async () => {
    const { limits } = await limitsOf({ maxTokens: 10 }, { maxTokens: 50 }, { maxTokens: 100 });
    expect(limits.maxTokens).toBe(50);
  });

  it.each<Partial<TurnLimits>>([{ maxTokens: 0 }, { maxIterations: 1.5 }, { budget: 1 } as never])(
    "is refused with a code for %o",
    async (narrow) => {
      const { result } = await limitsOf({}, narrow);
      expect(result).toMatchObject({ status: "failed", code: "invalid_limits" });
    },
  );

  it("a turn that was begun so waits for its budget, and goes on when more is granted", async () => {
    const model = scriptedModel([WORK, "paid for"]);
    const host = createHost({ store: memoryStore(), model, tools: { work } });
    const turn = await host.session("s1").send("go", { narrow: { maxTokens: 1, onBudget: "wait" } });
    const result = await turn.result();
    const wait = result.status === "waiting" ? result.waits[0] : undefined;
    expect(wait?.reason).toMatchObject({ type: "budget", limit: "tokens" });
    await host.waits.answer(wait!.id, { status: "ok", payload: { tokens: 100_000 } }, { by: "ana" });
    expect(await turn.result()).toMatchObject({ status: "completed", text: "paid for" });
    await host.stop();
  });
});
