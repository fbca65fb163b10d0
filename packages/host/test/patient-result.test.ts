// Thousands may wait for results at once: hints are what tells them, and looking is what finds lost hints (D10).
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, scriptedModel } from "@pawl/testing";
import { expect, it, vi } from "vitest";

const MINUTE_MS = 60_000;

it("is there at once when the turn ends before anybody listens for its end", async () => {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const host = createHost({ store, clock, model: scriptedModel(["quick"]), leaseTtlMs: MINUTE_MS });
  const turn = await host.session("s1").send("hi");
  const load = store.inbox.load.bind(store.inbox);
  vi.spyOn(store.inbox, "load").mockImplementationOnce(async (id) => {
    const queued = await load(id);
    expect(queued?.state).toBe("queued");
    await host.start();
    const isOver = async () => expect(await store.sessions.loadCommitted(turn.id)).not.toBeNull();
    await vi.waitFor(isOver, { timeout: 10_000 });
    return queued;
  });
  // Time stands still: no poll comes.
  expect(await host.turn(turn.id).result()).toMatchObject({ status: "completed", text: "quick" });
  await host.stop({ drainMs: 0 });
});

it("is told by the store that committed it, and not looked up, where the turn ends in this process", async () => {
  const store = memoryStore();
  const committed = vi.spyOn(store.sessions, "loadCommitted");
  const gate = Promise.withResolvers<void>();
  const host = createHost({ store, model: scriptedModel([{ text: "told", after: gate.promise }]) });
  const turn = await host.session("s1").send("hi");
  const [first, second] = [turn.result(), host.turn(turn.id).result()];
  const running = async () => expect((await store.sessions.load("s1" as never))?.openTurn).toBe(turn.id);
  await vi.waitFor(running, { timeout: 10_000 });
  await vi.waitFor(() => expect(committed.mock.calls.length).toBeGreaterThanOrEqual(2), { timeout: 10_000 });
  const looks = committed.mock.calls.length;
  gate.resolve();
  const result = await first;
  expect(result).toMatchObject({ status: "completed", text: "told", sessionId: "s1", turnId: turn.id });
  expect(await second).toEqual(result);
  expect(committed).toHaveBeenCalledTimes(looks);
  expect(await host.turn(turn.id).result()).toEqual(result);
  await host.stop({ drainMs: 0 });
});

it("is not looked for at all where the turn was begun here as it was sent, and ends soon", async () => {
  const store = memoryStore();
  const clock = manualClock();
  const looks = [vi.spyOn(store.inbox, "load"), vi.spyOn(store.sessions, "loadCommitted")];
  const host = createHost({ store, clock, model: scriptedModel(["told"]), leaseTtlMs: MINUTE_MS });
  await host.start();
  const turn = await host.session("s1").send("hi");
  expect(await turn.result()).toMatchObject({ status: "completed", text: "told" });
  expect(looks.map(({ mock }) => mock.calls)).toEqual([[], []]);
  await host.stop({ drainMs: 0 });
});

it("is told while a look that was begun before takes its time", async () => {
  const store = memoryStore();
  const looked = Promise.withResolvers<void>();
  vi.spyOn(store.sessions, "loadCommitted").mockImplementation(() => {
    looked.resolve();
    return new Promise(() => {});
  });
  const gate = looked.promise;
  const host = createHost({ store, model: scriptedModel([{ text: "told", after: gate }]) });
  const turn = await host.session("s1").send("hi");
  expect(await turn.result()).toMatchObject({ status: "completed", text: "told" });
  await host.stop({ drainMs: 0 });
});

it("is looked for ever more seldom when no hint comes, and is found all the same", async () => {
  const clock = manualClock();
  const store = memoryStore({ clock });
  vi.spyOn(store.leases, "onRest").mockReturnValue(() => {});
  const looks = vi.spyOn(store.sessions, "loadCommitted");
  const gate = Promise.withResolvers<void>();
  const model = scriptedModel([{ text: "late", after: gate.promise }]);
  const host = createHost({ store, clock, model, pollMs: 10 * MINUTE_MS, leaseTtlMs: 100 * MINUTE_MS });
  const result = (await host.session("s1").send("hi")).result();
  for (let second = 0; second < 60; second++) await clock.advance(1_000);
  expect(looks.mock.calls.length).toBeGreaterThan(10);
  expect(looks.mock.calls.length).toBeLessThan(30);
  gate.resolve();
  let found: unknown;
  result.then((it) => {
    found = it;
  });
  await vi.waitFor(
    async () => {
      await clock.advance(1_000);
      expect(found).toMatchObject({ status: "completed", text: "late" });
    },
    { timeout: 10_000 },
  );
  await host.stop({ drainMs: 0 });
});
