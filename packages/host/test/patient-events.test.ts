// Thousands may follow what does not move: hints are what tells them, and looking is what finds lost hints and rows of others (D10).
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, scriptedModel } from "@pawl/testing";
import { expect, it, vi } from "vitest";

const MINUTE_MS = 60_000;
const PATIENT = { timeout: 10_000 };

function scene(after?: Promise<unknown>) {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const model = scriptedModel([{ text: "hello", ...(after && { after }) }]);
  const host = createHost({ store, clock, model, pollMs: 10 * MINUTE_MS, leaseTtlMs: 100 * MINUTE_MS });
  return { clock, store, host };
}

/** What is told of a turn, as it comes. */
function following(events: AsyncIterable<{ readonly type: string }>) {
  const seen: string[] = [];
  const over = (async () => {
    for await (const { type } of events) seen.push(type);
    return seen;
  })();
  return { seen, over };
}

it("misses no row that comes between its look and its wait, though no time passes (D5)", async () => {
  const gate = Promise.withResolvers<void>();
  const { store, host } = scene(gate.promise);
  const turn = await host.session("s1").send("hi");
  const read = store.log.read.bind(store.log);
  const grown = store.log.grown.bind(store.log);
  let ended: Promise<void> | undefined;
  /** The turn ends after the look was answered, and before whoever looked hears of it. */
  const endsMeanwhile = async <T>(answer: T): Promise<T> => {
    ended ??= (async () => {
      gate.resolve();
      const isOver = async () => expect(await store.sessions.loadCommitted(turn.id)).not.toBeNull();
      await vi.waitFor(isOver, PATIENT);
    })();
    await ended;
    return answer;
  };
  vi.spyOn(store.log, "read").mockImplementation(async (...asked) => {
    const rows = await read(...asked);
    return rows.some(({ body }) => body.kind === "turn_committed") ? rows : endsMeanwhile(rows);
  });
  vi.spyOn(store.log, "grown").mockImplementation(async (...asked) => endsMeanwhile(await grown(...asked)));
  const { over } = following(turn.events());
  expect((await over).at(-1)).toBe("turn.committed");
  await host.stop({ drainMs: 0 });
});

it("asks ever more seldom whether there is anything to read, reads nothing in vain, and finds rows without a hint", async () => {
  const gate = Promise.withResolvers<void>();
  const { clock, store, host } = scene(gate.promise);
  vi.spyOn(store.log, "onAppend").mockReturnValue(() => {});
  const turn = await host.session("s1").send("hi");
  const { seen, over } = following(turn.events());
  await vi.waitFor(async () => {
    await clock.advance(1_000);
    expect(seen).toContain("input.consumed");
  }, PATIENT);
  await clock.advance(10_000);
  const reads = vi.spyOn(store.log, "read");
  const asks = vi.spyOn(store.log, "grown");
  for (let second = 0; second < 60; second++) await clock.advance(1_000);
  expect(asks.mock.calls.length).toBeGreaterThan(30);
  expect(asks.mock.calls.length).toBeLessThan(70);
  expect(reads).not.toHaveBeenCalled();
  gate.resolve();
  let told: readonly string[] | undefined;
  void over.then((all) => {
    told = all;
  });
  await vi.waitFor(async () => {
    await clock.advance(1_000);
    expect(told?.at(-1)).toBe("turn.committed");
  }, PATIENT);
  await host.stop({ drainMs: 0 });
});

it("asks at the same time as all others, so that the store answers them together", async () => {
  const { clock, store, host } = scene(new Promise(() => {}));
  vi.spyOn(store.log, "onAppend").mockReturnValue(() => {});
  const over = new AbortController();
  const times = new Set<number>();
  const grown = store.log.grown.bind(store.log);
  for (let n = 0; n < 20; n++) {
    following(host.session(`s${n}`).events({ signal: over.signal }));
    await clock.advance(7);
  }
  await clock.advance(10_000);
  vi.spyOn(store.log, "grown").mockImplementation((...asked) => {
    times.add(clock.now() % 100);
    return grown(...asked);
  });
  for (let beat = 0; beat < 40; beat++) await clock.advance(50);
  expect([...times]).toEqual([0]);
  over.abort();
  await host.stop({ drainMs: 0 });
});
