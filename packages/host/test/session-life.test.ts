import { tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const refund = tool({
  description: "Refunds",
  input: z.object({ cents: z.number() }),
  onCrash: "retry",
  execute: () => "done",
});

function asking() {
  const model = scriptedModel([{ tools: [{ name: "refund", input: { cents: 1 } }] }, { text: "refunded" }]);
  const store = memoryStore();
  const host = createHost({ store, model, tools: { refund }, approvals: { refund: () => true } });
  return { store, host };
}

describe("the life of a session", () => {
  it("a retired session drains what it has, takes nothing new, and may be retired again", async () => {
    const { host } = asking();
    const session = host.session("s1");
    const turn = await session.send("refund");
    expect(await turn.result()).toMatchObject({ status: "waiting" });
    await session.retire();
    await session.retire();
    await expect(session.send("more")).rejects.toMatchObject({ code: "session_not_accepting" });
    const [wait] = await host.waits.list({ sessionId: "s1" });
    await host.approvals.approve(wait!.id, { by: "ann" });
    expect(await turn.result()).toMatchObject({ status: "completed", text: "refunded" });
    expect(await session.record()).toMatchObject({ runtimeState: "retired", openTurn: null });
    await host.stop();
  });

  it("a stopped session ends what waits in it, and whoever waits for that learns it", async () => {
    const { store, host } = asking();
    const session = host.session("s1");
    const waiting = await session.send("refund");
    expect(await waiting.result()).toMatchObject({ status: "waiting" });
    const queued = await session.send("later");
    const result = queued.result();
    const events = (async () => {
      for await (const _ of waiting.events());
    })();
    await session.stop();
    await session.stop();
    const ended = { status: "blocked", code: "input_abandoned" };
    expect(await result).toMatchObject({ ...ended, turnId: queued.id });
    expect(await waiting.result()).toMatchObject(ended);
    expect(await waiting.explain()).toMatchObject({ state: "blocked", why: /session was stopped/ });
    await events;
    await expect(session.send("more")).rejects.toMatchObject({ code: "session_not_accepting" });
    expect(await host.waits.list({ sessionId: "s1" })).toEqual([]);
    expect(await session.record()).toMatchObject({ runtimeState: "stopped", openTurn: null });
    // Only for good from here.
    await expect(session.retire()).rejects.toMatchObject({ code: "runtime_transition_illegal" });
    await session.destroy();
    await session.destroy();
    expect(await store.sessions.loadRuntimeState(session.id)).toBe("destroyed");
    await host.stop();
  });

  it("a turn that runs while its session is stopped commits nothing", async () => {
    let reached = () => {};
    const atWork = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const slow = tool({
      description: "Works until it is stopped",
      input: z.object({}),
      onCrash: "retry",
      execute: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          reached();
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        }),
    });
    const model = scriptedModel([{ tools: [{ name: "slow", input: {} }] }]);
    const store = memoryStore();
    const host = createHost({ store, model, tools: { slow } });
    const session = host.session("s1");
    const turn = await session.send("go");
    await atWork;
    await session.stop();
    expect(await turn.result()).toMatchObject({ status: "blocked", code: "input_abandoned" });
    await host.stop();
    expect(await session.receipts()).toEqual([]);
    expect(await session.transcript()).toEqual([]);
  });

  it("messages that coalesce are one turn, and each of them has its result", async () => {
    const { host } = asking();
    const session = host.session("s1");
    const busy = await session.send("refund");
    expect(await busy.result()).toMatchObject({ status: "waiting" });
    const queue = { mode: "coalesce", key: "chat" } as const;
    const first = await session.send("a", { queue });
    const last = await session.send("b", { queue });
    const inputs = await session.inputs();
    expect(inputs.map(({ state }) => state)).toEqual(["staged", "coalesced", "queued"]);
    expect(inputs[2]?.content.parts).toEqual(["a", "b"].map((text) => ({ type: "text", text })));
    await last.cancel();
    await busy.cancel();
    const [one, other] = await Promise.all([first.result(), last.result()]);
    expect(one).toEqual(other);
    expect(one).toMatchObject({ turnId: last.id, status: "cancelled" });
    await host.stop();
  });

  it("a message that is superseded says which one took its place", async () => {
    const { host } = asking();
    const session = host.session("s1");
    await (await session.send("refund")).result();
    const queue = { mode: "supersede", key: "status" } as const;
    const old = await session.send("old", { queue });
    await session.send("new", { queue });
    expect(await old.result()).toMatchObject({
      status: "blocked",
      code: "input_superseded",
      message: expect.stringMatching(/^Input "in_\w+" took its place/),
    });
    await host.stop();
  });
});
