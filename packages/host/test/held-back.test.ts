// A result never hangs: a turn that does not move before somebody else acts says what it is held back by.
import { PawlError, tool } from "@pawl/core";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, scriptedModel } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { testHost } from "./test-host.ts";

const refund = tool({
  description: "Refunds",
  input: z.object({ cents: z.number() }),
  execute: () => "refunded",
});
const REFUND = { tools: [{ name: "refund", input: { cents: 80 } }] };

describe("a turn behind another one", () => {
  it("that waits, waits for the same; once that is answered it has its own result", async () => {
    const host = testHost({
      store: memoryStore(),
      model: scriptedModel([REFUND, "first", "second"]),
      tools: { refund },
      approvals: { refund: () => true },
    });
    const first = await host.session("s1").send("Refund 80");
    const waiting = await first.result();
    if (waiting.status !== "waiting") throw new Error(waiting.status);
    const second = await host.session("s1").send("And now?");
    expect(await second.result()).toEqual({
      status: "waiting",
      turnId: second.id,
      sessionId: "s1",
      waits: waiting.waits.map((wait) => ({ ...wait, behind: first.id })),
    });
    // It has not begun, and is explained so.
    expect(await second.explain()).toMatchObject({ state: "queued" });
    await host.approvals.approve(waiting.waits[0]!.id, { by: "boss" });
    expect(await second.result()).toMatchObject({ status: "completed", text: "second" });
    expect(await first.result()).toMatchObject({ status: "completed", text: "first" });
  });

  it("that waits, does not hold back an interrupt, which ends the wait (D16)", async () => {
    const clock = manualClock();
    const host = testHost({
      store: memoryStore({ clock }),
      clock,
      model: scriptedModel([REFUND, "As you wish."]),
      tools: { refund },
      approvals: { refund: () => true },
    });
    const first = await host.session("s1").send("Refund 80");
    const waiting = first.result();
    await clock.advance(2_000);
    expect((await waiting).status).toBe("waiting");
    // Nobody takes it up for now, so that it is looked at while it is queued.
    host.pause();
    const interrupt = await host.session("s1").send("Never mind.", { delivery: "interrupt" });
    const result = interrupt.result();
    let early: string | undefined;
    void result.then(({ status }) => {
      early = status;
    });
    await clock.advance(2_000);
    expect(early).toBeUndefined();
    host.resume();
    await clock.advance(2_000);
    expect(await result).toMatchObject({ status: "completed", text: "As you wish." });
  });

  it("that is at work, is waited for", async () => {
    const gate = Promise.withResolvers<void>();
    const model = scriptedModel([{ text: "first", after: gate.promise }, "second"]);
    const host = testHost({ store: memoryStore(), model });
    await host.session("s1").send("a");
    const second = await host.session("s1").send("b");
    const result = second.result();
    const early = vi.fn();
    void result.then(early);
    await vi.waitFor(() => expect(model.calls).toHaveLength(1), { timeout: 10_000 });
    await second.explain();
    expect(early).not.toHaveBeenCalled();
    gate.resolve();
    expect(await result).toMatchObject({ text: "second" });
  });

  it("that is blocked, is blocked by it", async () => {
    const store = memoryStore();
    const model = scriptedModel([{ text: "never", after: new Promise(() => {}) }]);
    const one = testHost({ store, model });
    const first = await one.session("s1").send("a");
    await vi.waitFor(() => expect(model.calls).toHaveLength(1), { timeout: 10_000 });
    await one.stop({ drainMs: 0 });

    const read = () => Promise.reject(new PawlError("store_corrupt_row", "Row 2 is not one."));
    const two = testHost({ store: { ...store, log: { ...store.log, read } }, model: scriptedModel([]) });
    const blocked = { status: "blocked", code: "store_corrupt_row" };
    expect(await two.turn(first.id).result()).toMatchObject(blocked);
    const second = await two.session("s1").send("b");
    expect(await second.result()).toMatchObject({
      ...blocked,
      turnId: second.id,
      message: expect.stringContaining(first.id),
    });
  });
});
