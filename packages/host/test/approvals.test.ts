import { type Json, tool } from "@pawl/core";
import type { WaitAnswer } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { testHost } from "./test-host.ts";

function scene(cents: number, limits = {}) {
  const performed: number[] = [];
  const refund = tool({
    description: "Refunds",
    input: z.object({ cents: z.number().int() }),
    execute: (input) => {
      performed.push(input.cents);
      return "refunded";
    },
  });
  const host = testHost({
    store: memoryStore(),
    model: scriptedModel([{ tools: [{ name: "refund", input: { cents } }] }, "done", "more"]),
    tools: { refund },
    approvals: {
      refund: (input) => {
        expectTypeOf(input).toEqualTypeOf<{ cents: number }>();
        return input.cents > 5000;
      },
    },
    limits,
  });
  return { host, performed };
}

async function answered(cents: number, answer: WaitAnswer) {
  const { host, performed } = scene(cents);
  const turn = await host.session("s1").send("refund");
  const waiting = await turn.result();
  if (waiting.status !== "waiting") throw new Error(`It is ${waiting.status}.`);
  expect(waiting.waits).toMatchObject([{ reason: { type: "approval", tool: "refund", input: { cents } } }]);
  expect(performed).toEqual([]);
  await host.waits.answer(waiting.waits[0]?.id ?? "", answer, { by: "boss" });
  expect(await turn.result()).toMatchObject({ status: "completed" });
  const messages = await host.session("s1").transcript();
  const result = messages.find(({ role }) => role === "tool")?.parts[0];
  expect(await turn.replay()).toMatchObject({ identical: true });
  return { performed, result };
}

describe("approvals by policy", () => {
  it("let calls through that the policy lets through", async () => {
    const { host, performed } = scene(100);
    expect(await (await host.session("s1").send("refund")).result()).toMatchObject({ status: "completed" });
    expect(performed).toEqual([100]);
  });

  it("make approved calls as they are, and edited ones with the other arguments", async () => {
    expect((await answered(8000, { decision: "approve" })).performed).toEqual([8000]);
    expect((await answered(8000, { decision: "edit", input: { cents: 6000 } })).performed).toEqual([6000]);
  });

  it("have the tool itself check edited arguments", async () => {
    const { performed, result } = await answered(8000, { decision: "edit", input: { cents: "all" } });
    expect(performed).toEqual([]);
    expect(result).toMatchObject({ status: "error" });
  });

  it("make no call that was denied, abandoned or answered beside the point", async () => {
    const denied = await answered(8000, { decision: "deny", reason: "too much" });
    expect(denied.performed).toEqual([]);
    expect(JSON.stringify(denied.result)).toContain("too much");
    expect((await answered(8000, { abandon: true })).performed).toEqual([]);
  });

  it("take no other kind of answer, and no grant of nothing", async () => {
    const { host } = scene(8000);
    const turn = await host.session("s1").send("refund");
    await turn.result();
    const [wait] = await host.waits.list();
    const grants: WaitAnswer[] = [{ grant: { tokens: 5 } }, { happened: true }, { happened: false }];
    for (const answer of grants) {
      await expect(host.waits.answer(wait?.id ?? "", answer, { by: "x" })).rejects.toMatchObject({
        code: "wait_answer_unfit",
      });
    }
  });
});

describe("approvals that an input asks for", () => {
  it("hold for its turn, and a tool that it does not have ends it", async () => {
    const { host, performed } = scene(100);
    const turn = await host.session("s1").send("refund", { ask: ["refund"] });
    expect(await turn.result()).toMatchObject({ status: "waiting" });
    expect(performed).toEqual([]);
    const misspelt = await host.session("s2").send("refund", { ask: ["refnd"] });
    expect(await misspelt.result()).toMatchObject({ status: "failed", code: "ask_tool_unknown" });
  });
});

describe("a spent budget", () => {
  it("is waited for, and goes on with a grant (D13)", async () => {
    const { host } = scene(100, { maxTokens: 1, onBudget: "wait" });
    const turn = await host.session("s1").send("refund");
    const waiting = await turn.result();
    if (waiting.status !== "waiting") throw new Error(`It is ${waiting.status}.`);
    expect(waiting.waits).toMatchObject([{ reason: { type: "budget", limit: "tokens" } }]);
    const id = waiting.waits[0]?.id ?? "";
    for (const grant of [{}, { tokens: 0 }, { tokens: 1.5 }, { costNanoUsd: -1 }]) {
      await expect(host.waits.answer(id, { grant }, { by: "x" })).rejects.toMatchObject({
        code: "wait_answer_unfit",
      });
    }
    await host.waits.answer(id, { grant: { tokens: 1_000_000 } }, { by: "boss" });
    const ended = await turn.result();
    expect(ended).toMatchObject({ status: "completed", text: "done" });
    expect("limit" in ended && (ended.limit as Json)).toBeFalsy();
  });
});

describe("a tool", () => {
  it("may say itself that each call needs an approval, and sees what the model was sent", async () => {
    const seen: number[] = [];
    const pay = tool({
      description: "Pays",
      input: z.object({}),
      policy: "approval",
      execute: (_input, run) => {
        seen.push(run.messages().length);
        return "paid";
      },
    });
    const call = { tools: [{ name: "pay" }] };
    const host = testHost({
      store: memoryStore(),
      model: scriptedModel([call, call, "done"]),
      tools: { pay },
    });
    const turn = await host.session("s1").send("pay twice");
    for (let made = 0; made < 2; made++) {
      const result = await turn.result();
      if (result.status !== "waiting") throw new Error(`It is ${result.status}.`);
      expect(result.waits).toMatchObject([{ reason: { type: "approval", tool: "pay" } }]);
      await host.waits.answer(result.waits[0]?.id ?? "", { decision: "approve" }, { by: "boss" });
    }
    expect(await turn.result()).toMatchObject({ status: "completed", text: "done" });
    // Before the first call the input; before the second also the first answer and its result.
    expect(seen).toEqual([1, 3]);
  });
});
