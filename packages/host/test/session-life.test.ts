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

  it("an input that coalesces answers for those that it took along", async () => {
    const model = scriptedModel([{ text: "both" }]);
    const store = memoryStore();
    const queue = { mode: "coalesce", key: "chat" } as const;
    const given = { sessionId: "s1" as never, delivery: "next", queue } as const;
    const parts = (text: string) => ({ parts: [{ type: "text" as const, text }] });
    await store.inbox.accept({ ...given, inputId: "in_a" as never, content: parts("a") });
    await store.inbox.accept({ ...given, inputId: "in_b" as never, content: parts("b") });
    const host = createHost({ store, model });
    expect(await host.turn("turn_a").result()).toMatchObject({
      status: "completed",
      text: "both",
      turnId: "turn_b",
    });
    await host.stop();
  });
});
