import { inputId, sessionId } from "@pawl/core";
import { newInput } from "../fixtures.ts";
import { chapter } from "../store-case.ts";
import type { StoreTest } from "../store-test.ts";

const S1 = sessionId("s1");
const ROLLBACK = new Error("rolled back on purpose");

async function within(t: StoreTest, body: (tx: never) => Promise<void>): Promise<void> {
  const { transaction } = t.capabilities;
  if (!transaction) throw new Error("A case that needs transactions must say so.");
  await transaction(t.store, body);
}

async function rolledBack(t: StoreTest, body: (tx: never) => Promise<void>): Promise<void> {
  await within(t, async (tx) => {
    await body(tx);
    throw ROLLBACK;
  }).catch((error: unknown) => {
    if (error !== ROLLBACK) throw error;
  });
}

export const transactionsChapter = chapter("A caller's transaction", (add) => {
  add("a store without them refuses one, which it could only ignore", async (t) => {
    if (t.capabilities.transaction) {
      let accepted = 0;
      await within(t, async (tx) => {
        await t.store.inbox.accept(newInput("in_1", "s1"), { tx });
        accepted += 1;
      });
      t.expect([accepted, (await t.store.inbox.list(S1)).length]).toEqual([1, 1]);
      return;
    }
    await t.refused(t.store.inbox.accept(newInput("in_1", "s1"), { tx: {} as never }), "tx_unsupported");
    t.expect(await t.store.sessions.load(S1)).toBe(null);
  });

  add("an input is there when the transaction commits, and not before", "transaction", async (t) => {
    const node = await t.node();
    await within(t, async (tx) => {
      const { input, duplicate } = await t.store.inbox.accept(newInput("in_1", "s1"), { tx });
      t.expect([input.state, input.position, duplicate]).toEqual(["queued", 1, false]);
      t.expect(await t.store.inbox.load(inputId("in_1"))).toBe(null);
      t.expect(await t.claim(node)).toEqual([]);
    });
    t.expect((await t.store.inbox.load(inputId("in_1")))?.state).toBe("queued");
    t.expect(await t.claimedIds(node)).toEqual(["s1"]);
  });

  add("S11 nothing of an input stays when the transaction is rolled back", "transaction", async (t) => {
    await t.accept("in_0", "s0");
    await t.unchanged(["s0", "s1"], () =>
      rolledBack(t, async (tx) => {
        await t.store.inbox.accept(newInput("in_1", "s1", { idempotencyKey: "k" }), { tx });
        await t.store.inbox.accept(newInput("in_2", "s0", { delivery: "interrupt" }), { tx });
      }),
    );
    t.expect(await t.store.inbox.load(inputId("in_1"))).toBe(null);
    // The key and the place are free again.
    const { input, duplicate } = await t.store.inbox.accept(newInput("in_3", "s1", { idempotencyKey: "k" }));
    t.expect([duplicate, input.position]).toEqual([false, 1]);
  });

  add("S13 keys are looked up within the transaction too", "transaction", async (t) => {
    const first = newInput("in_1", "s1", { idempotencyKey: "k" });
    await within(t, async (tx) => {
      await t.store.inbox.accept(first, { tx });
      const again = await t.store.inbox.accept({ ...first, inputId: inputId("in_2") }, { tx });
      t.expect([again.duplicate, again.input.inputId]).toEqual([true, "in_1"]);
    });
    t.expect((await t.store.inbox.list(S1)).map((input) => input.inputId)).toEqual(["in_1"]);
  });

  add("S15 an open transaction does not hold up the holder of the session", "transaction", async (t) => {
    const held = await t.working();
    await within(t, async (tx) => {
      await t.store.inbox.accept(newInput("in_2", "s1", { delivery: "steer" }), { tx });
      await held.append("goes on");
      t.expect((await held.end()).sequence).toBe(0);
    });
    t.expect((await t.store.inbox.next(held.fence))?.inputId).toBe("in_2");
  });
});
