import { inputId, nodeId, sessionId } from "@pawl/core";
import type { NewInput } from "@pawl/core/ports";
import { manualClock, recordingLogger } from "@pawl/testing";
import { expect, test } from "vitest";
import { memoryStore } from "../src/index.ts";

const s1 = sessionId("s1");
const input = (id: string, more: Partial<NewInput> = {}): NewInput => ({
  inputId: inputId(id),
  sessionId: s1,
  content: { parts: [{ type: "text", text: id }] },
  delivery: "next",
  ...more,
});

test("is ready at once, without open", async () => {
  const store = memoryStore();
  expect((await store.inbox.accept(input("in_1"))).input.position).toBe(1);
  expect((await store.sessions.load(s1))?.runtimeState).toBe("idle");
});

test("two stores share nothing", async () => {
  const [a, b] = [memoryStore(), memoryStore()];
  await a.inbox.accept(input("in_1"));
  expect(await b.inbox.load(inputId("in_1"))).toBeNull();
});

test("D1 a lease runs out by the store's own clock, to the millisecond", async () => {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const lease = await store.leases.openNode(nodeId("a"), { ttlMs: 1_000 });
  await clock.advance(999);
  await store.leases.renewNode(lease);
  await clock.advance(1_000);
  await expect(store.leases.renewNode(lease)).rejects.toMatchObject({ code: "store_fenced" });
});

test("D10 hints come after the verb's section, one that throws harms nobody and is logged", async () => {
  const logger = recordingLogger();
  const store = memoryStore({ logger });
  const seen: (string | undefined)[] = [];
  store.leases.onWork(() => {
    throw new Error("mine");
  });
  const both = new Promise<void>((resolve) => {
    store.leases.onWork(async (session) => {
      // The store is whole when a listener calls it.
      expect((await store.inbox.list(s1)).length).toBe(1);
      seen.push(session);
      resolve();
    });
  });
  await store.inbox.accept(input("in_1"));
  await both;
  expect(seen).toEqual([s1]);
  expect(logger.messages("warn")).toHaveLength(1);
});

test("refuses a transaction of the caller's, which it could only ignore", async () => {
  const tx = {} as never;
  await expect(memoryStore().inbox.accept(input("in_1"), { tx })).rejects.toMatchObject({
    code: "tx_unsupported",
  });
});

test("claims of 5,000 sessions come in the order of their need", async () => {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const count = 5_000;
  for (let i = 0; i < count; i++) {
    // Half of them later in admission and earlier in time.
    const at = clock.now() + ((i * 7_919) % count);
    await store.inbox.accept(input(`in_${i}`, { sessionId: sessionId(`s${i}`), at }));
  }
  const lease = await store.leases.openNode(nodeId("a"), { ttlMs: 1e9 });
  expect(await store.leases.claim(lease, { limit: 10, behaviours: [] })).toHaveLength(1);
  await clock.advance(count);
  const order: number[] = [];
  for (;;) {
    const claims = await store.leases.claim(lease, { limit: 7, behaviours: [] });
    if (claims.length === 0) break;
    order.push(...claims.map((claim) => (Number(claim.sessionId.slice(1)) * 7_919) % count));
  }
  expect(order).toEqual(Array.from({ length: count - 1 }, (_, i) => i + 1));
});
