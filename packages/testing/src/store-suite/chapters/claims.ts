import { sessionId, turnId } from "@pawl/core";
import { BEHAVIOUR_NOW } from "../fixtures.ts";
import type { AddCase } from "../store-case.ts";

const S1 = sessionId("s1");

/** Of the chapter on leases: what a claim takes and says, and in which order. */
export function addClaims(add: AddCase): void {
  add("a claim is of what needs work, once, and says where to go on", async (t) => {
    const [a, b] = [await t.node("a"), await t.node("b")];
    t.expect(await t.claim(a)).toEqual([]);
    t.expect(await t.claim(a, "s1")).toEqual([]);
    await t.accept("in_1");
    const [claim, ...more] = await t.claim(a);
    t.expect(more).toEqual([]);
    const { next, ...bare } = claim ?? {};
    if (next !== undefined) t.expect(next.input.inputId).toBe("in_1");
    t.expect(bare).toEqual({
      sessionId: "s1",
      fence: { node: a, sessionId: "s1", epoch: claim?.fence.epoch },
      logHead: 0,
      openTurn: null,
      attempts: 0,
    });
    for (const node of [a, b]) {
      t.expect(await t.claim(node)).toEqual([]);
      t.expect(await t.claim(node, "s1")).toEqual([]);
    }
  });

  add("a claim that says what is next says what the inbox and the session would say", async (t) => {
    await t.accept("in_1");
    const held = await t.hold(await t.node());
    await held.begin(["in_1"]);
    await t.accept("in_2");
    await t.accept("in_3");
    await held.end();
    await held.idle();
    await t.store.sessions.requestCancel(turnId("turn_2"), { requestId: "r", origin: "somebody" });
    const again = await t.hold(await t.node("b"));
    const input = await t.store.inbox.next(again.fence);
    t.expect(input?.inputId).toBe("in_2");
    const { next } = again.claim;
    if (next === undefined) return;
    const session = await t.store.sessions.load(S1);
    t.expect(next).toEqual({
      input,
      base: { revision: session?.revision, messages: session?.messageCount },
      cancel: await t.store.sessions.pendingCancel(turnId("turn_2")),
    });
    t.expect([next.base.revision, next.base.messages, next.cancel?.origin]).toEqual([1, 2, "somebody"]);
  });

  add("a claim of an open turn, or with nothing that is due, says nothing of what is next", async (t) => {
    const held = await t.working();
    await t.accept("in_2");
    await held.retry(0);
    const open = await t.hold(await t.node());
    t.expect([open.claim.openTurn, open.claim.next]).toEqual(["turn_s1", undefined]);
  });

  add("a claim takes no more than it was asked for, and only what was asked for", async (t) => {
    for (const name of ["s1", "s2", "s3"]) await t.accept(`in_${name}`, name);
    const node = await t.node();
    t.expect(await t.claim(node, undefined, 0)).toEqual([]);
    t.expect((await t.claim(node, "s2", 5)).map((claim) => claim.sessionId)).toEqual(["s2"]);
    t.expect((await t.claim(node, undefined, 1)).length).toBe(1);
    t.expect((await t.claim(node, undefined, 5)).length).toBe(1);
    t.expect((await t.claim(node, undefined, 5)).length).toBe(0);
  });

  add("the backlog is what can be claimed now, and how long the oldest has been waiting", async (t) => {
    const { leases, sessions } = t.store;
    t.expect(await leases.backlog()).toEqual({ ready: 0, oldestAgeMs: null });
    for (const name of ["s1", "s2", "s3"]) await t.accept(`in_${name}`, name);
    await sessions.setPaused(sessionId("s3"), true);
    const waiting = await leases.backlog();
    t.expect([waiting.ready, typeof waiting.oldestAgeMs]).toEqual([2, "number"]);
    t.expect((waiting.oldestAgeMs ?? -1) >= 0).toBe(true);
    t.expect((await t.claim(await t.node("a"), undefined, 5)).length).toBe(2);
    t.expect(await leases.backlog()).toEqual({ ready: 0, oldestAgeMs: null });
  });

  add("the oldest need comes first", async (t) => {
    for (const name of ["s3", "s1", "s2"]) {
      const before = await t.accept(`in_${name}`, name);
      // Two needs of one moment have no order: wait until the store's clock has moved.
      await t.until(
        "the store's clock moves",
        async () => {
          const probe = await t.accept(`in_probe_${name}_${Math.random()}`, "probe");
          return probe.acceptedAt > before.acceptedAt ? true : undefined;
        },
        2,
      );
    }
    const node = await t.node();
    await t.hold(node, "probe");
    const order = [];
    for (let i = 0; i < 3; i++) order.push((await t.claim(node, undefined, 1))[0]?.sessionId);
    t.expect(order).toEqual(["s3", "s1", "s2"]);
  });

  add("every claim raises the epoch", async (t) => {
    await t.accept("in_1");
    const node = await t.node();
    const epochs = [];
    for (let i = 0; i < 3; i++) {
      const held = await t.hold(node);
      epochs.push(held.fence.epoch);
      await held.idle();
    }
    t.expect(new Set(epochs).size).toBe(3);
    t.expect([...epochs].sort((a, b) => a - b)).toEqual(epochs);
  });

  add("D7 turns of other behaviour versions are left for nodes that have them", async (t) => {
    await t.accept("in_1");
    await t.accept("in_2", "s2");
    const node = await t.node();
    const held = await t.hold(node);
    await held.begin(["in_1"], { behaviour: "pawl-0" });
    await held.retry(0);
    const claim = (...behaviours: string[]) => t.store.leases.claim(node, { limit: 9, behaviours });
    t.expect(await t.claimedIds(node)).toEqual(["s2"]);
    t.expect(
      await t.store.leases.claim(node, { sessionId: S1, limit: 1, behaviours: [BEHAVIOUR_NOW] }),
    ).toEqual([]);
    t.expect((await claim("pawl-9", "pawl-0")).map((c) => c.openTurn)).toEqual(["turn_1"]);
  });
}
