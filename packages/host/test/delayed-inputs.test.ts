import { inputId, sessionId, turnId } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, scriptedModel } from "@pawl/testing";
import { expect, it, vi } from "vitest";

const HOUR_MS = 3_600_000;

it("Q9 delayed inputs begin at their time, each of several, without a poll and with nobody waiting", async () => {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const model = scriptedModel(["later", "last"]);
  // A poll would come too late for all of them.
  const host = createHost({ store, clock, model, pollMs: 100 * HOUR_MS, leaseTtlMs: 1000 * HOUR_MS });
  await host.start();
  const last = await host.session("s2").send("second", { at: clock.now() + 2_000 });
  const later = await host.session("s1").send("first", { at: clock.now() + 1_000 });
  await vi.waitFor(async () => expect(await host.ready()).toBe(true), { timeout: 10_000 });
  await clock.advance(990);
  expect(await later.explain()).toMatchObject({
    state: "queued",
    why: expect.stringMatching(/^It begins at/),
  });
  await clock.advance(20);
  // Not asked for by its result, which would have somebody look.
  const outcomeOf = async (id: string) => (await store.sessions.loadCommitted(turnId(id)))?.receipt.outcome;
  await vi.waitFor(async () => expect(await outcomeOf(later.id)).toMatchObject({ text: "later" }), {
    timeout: 10_000,
  });
  expect(model.left).toBe(1);
  await clock.advance(1_000);
  await vi.waitFor(async () => expect(await outcomeOf(last.id)).toMatchObject({ text: "last" }), {
    timeout: 10_000,
  });
  await host.stop({ drainMs: 0 });
});

it("D28 a delayed input that another node accepted begins at its time, without a poll", async () => {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const model = scriptedModel(["one", "two"]);
  const host = createHost({ store, clock, model, pollMs: 100 * HOUR_MS, leaseTtlMs: 1000 * HOUR_MS });
  await host.start();
  // Straight into the store, as another process does: this host hears of work, and of no time.
  const accept = (name: string, at: number) =>
    store.inbox.accept({
      inputId: inputId(`in_${name}`),
      sessionId: sessionId(name),
      content: { parts: [{ type: "text", text: name }] },
      delivery: "next",
      at,
    });
  await accept("later", clock.now() + 2_000);
  await accept("soon", clock.now() + 1_000);
  const isOver = async (name: string) =>
    (await store.sessions.loadCommitted(turnId(`turn_${name}`))) !== null;
  await clock.advance(990);
  expect(await isOver("soon")).toBe(false);
  await clock.advance(20);
  await vi.waitFor(async () => expect(await isOver("soon")).toBe(true), { timeout: 10_000 });
  expect(await isOver("later")).toBe(false);
  await clock.advance(1_000);
  await vi.waitFor(async () => expect(await isOver("later")).toBe(true), { timeout: 10_000 });
  await host.stop({ drainMs: 0 });
});
