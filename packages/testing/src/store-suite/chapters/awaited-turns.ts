import { executionScope, type Resolution, sessionId, turnId } from "@pawl/core";
import type { NewAwaitEvent } from "@pawl/core/ports";
import { newAwaitEvent } from "../fixtures.ts";
import { chapter } from "../store-case.ts";

const ENDED: Resolution = { status: "ok", payload: { of: "turn_child" } };

/** What session `parent` waits for: the end of a turn in session `child`. */
const WAIT: NewAwaitEvent = newAwaitEvent("k1", "parent", {
  scope: executionScope.turn("parent", "turn_parent"),
  wait: { type: "child_turn", sessionId: "child", turnId: "turn_child" },
  turnId: turnId("turn_parent"),
});
const SETTLES = { settles: [{ event: WAIT, resolution: ENDED }] };

export const awaitedTurnsChapter = chapter("Turns that others wait for", (add) => {
  add("D22 a commit settles what another session waits for, and wakes it", async (t) => {
    const parent = await t.working("parent");
    const child = await t.working("child");
    await t.store.awaits.register(WAIT);
    t.expect(await parent.park()).toBe(true);
    const node = await t.node("b");
    t.expect(await t.claim(node)).toEqual([]);
    await child.end(SETTLES);
    const again = await t.hold(node, "parent");
    t.expect(again.claim.openTurn).toBe("turn_parent");
    const record = await (await t.second()).awaits.load("k1");
    t.expect([record?.terminal, record?.resolvedBy]).toEqual([ENDED, { name: "turn", via: "turn" }]);
  });

  add("D22 a commit may come before the wait, and is kept for it", async (t) => {
    await t.working("parent");
    const child = await t.working("child");
    await child.end(SETTLES);
    const record = await t.store.awaits.register({ ...WAIT, info: { later: true } });
    t.expect([record?.terminal, record?.info, record?.sessionId]).toEqual([ENDED, WAIT.info, "parent"]);
  });

  add("D16 D22 however a park and the commit of a child race, the wake-up is not lost", async (t) => {
    let parent = await t.working("parent");
    const child = await t.working("child");
    for (let round = 0; round < 8; round++) {
      if (round > 0) {
        await t.accept(`in_${round}`, "child");
        await child.begin([`in_${round}`]);
      }
      const event = { ...WAIT, keyId: `k${round}` };
      const [parked] = await Promise.all([
        t.store.awaits.register(event).then(() => parent.park()),
        child.end({ settles: [{ event, resolution: ENDED }] }),
      ]);
      if (!parked) await parent.retry(0);
      parent = await t.hold(await t.node(`n${round % 2}`), "parent");
      t.expect((await t.store.awaits.load(`k${round}`))?.terminal).toEqual(ENDED);
    }
  });

  add("D22 the first resolution wins over a commit too, and the commit wakes nobody then", async (t) => {
    const parent = await t.working("parent");
    const child = await t.working("child");
    await t.store.awaits.resolve("k1", { status: "cancelled" }, { name: "waiter", via: "turn" }, WAIT);
    await parent.park();
    await parent.retry(0);
    const again = await t.hold(await t.node("b"), "parent");
    t.expect(await again.park()).toBe(true);
    await child.end(SETTLES);
    t.expect(await t.claim(await t.node("c"), "parent")).toEqual([]);
    t.expect((await t.store.awaits.load("k1"))?.terminal).toEqual({ status: "cancelled" });
  });

  add("D18 D22 a commit that was cancelled first settles nothing, and its cancelled form does", async (t) => {
    const child = await t.working("child");
    const request = { requestId: "r1", origin: "test" };
    const asked = await t.store.sessions.requestCancel(turnId("turn_child"), request);
    const refused = await child.commit(SETTLES);
    t.expect(refused.status).toBe("cancelled_first");
    t.expect(await t.store.awaits.load("k1")).toBe(null);
    if (asked.status !== "requested") throw new Error("The request must be the first.");
    await child.end({ ...SETTLES, outcome: { status: "cancelled", evidence: asked.evidence } });
    t.expect((await t.store.awaits.load("k1"))?.terminal).toEqual(ENDED);
  });

  add("S6 D22 a commit that is refused settles nothing", async (t) => {
    const child = await t.working("child");
    const delta = { baseRevision: 7, messages: [] };
    await t.refused(child.commit({ ...SETTLES, delta }), "store_conflict");
    await t.refused(child.commit({ ...SETTLES, inputIds: [] }), "store_conflict");
    t.expect(await t.store.awaits.load("k1")).toBe(null);
  });

  add("D20 D22 the same commit again settles nothing anew", async (t) => {
    const child = await t.working("child");
    const boundary = await child.ending(SETTLES);
    const first = await t.store.sessions.commit(child.fence, boundary);
    const before = await t.store.awaits.load("k1");
    t.expect(await t.store.sessions.commit(child.fence, boundary)).toEqual(first);
    t.expect(await t.store.awaits.load("k1")).toEqual(before);
  });

  add("D22 a commit writes nothing into the session of whoever waits", async (t) => {
    await t.working("parent");
    const child = await t.working("child");
    await t.store.awaits.register(WAIT);
    await t.unchanged(["parent"], () => child.end(SETTLES));
  });

  add("D8 D22 nothing is settled for a session whose waits were revoked", async (t) => {
    await t.working("parent");
    const child = await t.working("child");
    await t.store.awaits.revokeSession(sessionId("parent"));
    await child.end(SETTLES);
    t.expect(await t.store.awaits.load("k1")).toBe(null);
  });
});
