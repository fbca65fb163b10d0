// D16: an input of delivery `interrupt` ends what the turn of its session waits for, and is taken up by that turn.
import { agent, tool } from "@pawl/core";
import { createHost, type Host } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { type ScriptedTurn, scriptedModel } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { ask, bossOf, models } from "./delegating-agents.ts";
import { testHost } from "./test-host.ts";

const patient = { timeout: 10_000 };
const refund = tool({
  description: "Refunds",
  input: z.object({ cents: z.number() }),
  execute: () => "refunded",
});
const REFUND = { tools: [{ name: "refund", input: { cents: 80 } }] };

function scene(script: readonly ScriptedTurn[] = [REFUND, "As you wish."]) {
  const store = memoryStore();
  const model = scriptedModel(script);
  const options = { store, model, tools: { refund }, approvals: { refund: () => true } } as const;
  return { host: testHost(options), options, model };
}

const lastTool = async (host: Host) =>
  (await host.session("s1").transcript()).findLast(({ role }) => role === "tool")?.parts;

describe("an interrupt", () => {
  it("ends an approval that is waited for, and is what the turn reads next", async () => {
    const { host, model } = scene();
    const turn = await host.session("s1").send("Refund 80");
    const waiting = await turn.result();
    if (waiting.status !== "waiting") throw new Error(waiting.status);
    const { id } = waiting.waits[0]!;
    const interrupt = await host.session("s1").send("Never mind.", { delivery: "interrupt" });
    // It is part of the turn that it interrupts.
    const result = await interrupt.result();
    expect(result).toMatchObject({ status: "completed", text: "As you wish.", turnId: turn.id });
    expect(await turn.result()).toEqual(result);
    expect(await lastTool(host)).toMatchObject([{ status: "error", output: { code: "interrupted" } }]);
    expect(model.calls[1]?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "user"]);
    // Nobody can approve it any more, and it is seen what was asked.
    expect(await host.approvals.list()).toEqual([]);
    expect(await host.approvals.show(id)).toMatchObject({ status: "cancelled", tool: "refund" });
    expect(await host.waits.answer(id, { decision: "approve" }, { by: "boss" })).toMatchObject({
      status: "already_resolved",
    });
    expect(await turn.replay()).toMatchObject({ identical: true });
  });

  it("ends it on another host, long after the first is gone", async () => {
    const { host, options } = scene();
    const turn = await host.session("s1").send("Refund 80");
    expect((await turn.result()).status).toBe("waiting");
    await host.stop({ drainMs: 50 });
    const other = testHost(options);
    const interrupt = await other.session("s1").send("Never mind.", { delivery: "interrupt" });
    expect(await interrupt.result()).toMatchObject({ status: "completed", turnId: turn.id });
  });

  it("ends what is waited for only a moment later, and a steering input ends nothing", async () => {
    const gate = Promise.withResolvers<void>();
    const { host, model } = scene([{ ...REFUND, after: gate.promise }, "As you wish."]);
    const turn = await host.session("s1").send("Refund 80");
    await vi.waitFor(() => expect(model.calls).toHaveLength(1), patient);
    const interrupt = await host.session("s1").send("Never mind.", { delivery: "interrupt" });
    gate.resolve();
    expect(await interrupt.result()).toMatchObject({ status: "completed", turnId: turn.id });

    const patientOne = scene();
    const second = await patientOne.host.session("s1").send("Refund 80");
    expect((await second.result()).status).toBe("waiting");
    await patientOne.host.session("s1").send("By the way.", { delivery: "steer" });
    const look = createHost({ ...patientOne.options, model: scriptedModel([]) });
    expect(await look.turn(second.id).explain()).toMatchObject({ state: "waiting" });
    const [approval] = await patientOne.host.approvals.list();
    await patientOne.host.approvals.approve(approval!.id, { by: "boss" });
    expect(await second.result()).toMatchObject({ status: "completed" });
    expect(await lastTool(patientOne.host)).toMatchObject([{ status: "ok" }]);
  });

  it("loses to an answer that came first", async () => {
    const { host } = scene();
    const turn = await host.session("s1").send("Refund 80");
    expect((await turn.result()).status).toBe("waiting");
    await host.session("s1").pause();
    const [approval] = await host.approvals.list();
    await host.approvals.approve(approval!.id, { by: "boss" });
    await host.session("s1").send("Never mind.", { delivery: "interrupt" });
    await host.session("s1").resume();
    expect(await turn.result()).toMatchObject({ status: "completed" });
    expect(await lastTool(host)).toMatchObject([{ status: "ok", output: "refunded" }]);
  });

  it("stops the agent that a turn waits for, and what that one waits for", async () => {
    const clerk = agent({ name: "clerk", model: "clerk" });
    const { find } = models({
      boss: [ask("refund", "ask_clerk"), "As you wish."],
      clerk: [REFUND, "never"],
    });
    const host = testHost({
      store: memoryStore(),
      model: find,
      agents: [bossOf(clerk)],
      tools: { refund },
      approvals: { refund: () => true },
    });
    const turn = await host.session("s1").send("Refund 80");
    const waiting = await turn.result();
    if (waiting.status !== "waiting") throw new Error(waiting.status);
    const child = waiting.waits[0]!.path![0]!;
    const interrupt = await host.session("s1").send("Never mind.", { delivery: "interrupt" });
    expect(await interrupt.result()).toMatchObject({ status: "completed", text: "As you wish." });
    const ended = async () => expect((await host.turn(child.turnId).explain()).state).toBe("cancelled");
    await vi.waitFor(ended, patient);
    expect(await host.waits.list()).toEqual([]);
  });
});
