import { nodeId, sessionId } from "@pawl/core";
import type { AddCase } from "../store-case.ts";

const S1 = sessionId("s1");

/** Of the chapter on leases: sessions and nodes that are paused. */
export function addPauses(add: AddCase): void {
  add(
    "a paused session is claimed by nobody until it is resumed, and keeps what comes meanwhile",
    async (t) => {
      const { sessions } = t.store;
      t.expect(await sessions.setPaused(S1, true)).toBe(false);
      await t.accept("in_1");
      t.expect(await sessions.setPaused(S1, true)).toBe(true);
      t.expect(await sessions.setPaused(S1, true)).toBe(true);
      await t.accept("in_other", "s2");
      const node = await t.node("a");
      t.expect(await t.claimedIds(node)).toEqual(["s2"]);
      t.expect(await t.claim(node, "s1")).toEqual([]);
      await t.accept("in_2");
      t.expect(await t.claim(node, "s1")).toEqual([]);
      const paused = await sessions.load(S1);
      t.expect([paused?.paused, paused?.holder]).toEqual([true, null]);
      t.expect((await sessions.list({ limit: 9 })).filter((one) => one.paused).length).toBe(1);
      t.expect(await sessions.setPaused(S1, false)).toBe(true);
      const held = await t.hold(node);
      const driven = await sessions.load(S1);
      t.expect([driven?.paused, driven?.holder]).toEqual([false, "a"]);
      t.expect((await t.store.inbox.next(held.fence))?.inputId).toBe("in_1");
    },
  );

  add(
    "a session that is paused while it is held gives its holder no further turn, and stays with nobody",
    async (t) => {
      await t.accept("in_1");
      const held = await t.hold(await t.node("a"));
      await t.store.sessions.setPaused(S1, true);
      t.expect(await t.store.inbox.next(held.fence)).toBe(null);
      t.expect(await t.store.leases.release(held.fence, { type: "idle" })).toBe(true);
      t.expect(await t.claimedIds(await t.node("b"))).toEqual([]);
      await t.store.sessions.setPaused(S1, false);
      t.expect(await t.claimedIds(await t.node("b"))).toEqual(["s1"]);
    },
  );

  add(
    "a paused node claims nothing until it is resumed or opened anew, and keeps what it holds",
    async (t) => {
      const { leases } = t.store;
      t.expect(await leases.setNodePaused(nodeId("a"), true)).toBe(false);
      await t.accept("in_1");
      const a = await t.node("a");
      const held = await t.hold(a);
      t.expect(await leases.setNodePaused(nodeId("a"), true)).toBe(true);
      t.expect(await leases.setNodePaused(nodeId("a"), true)).toBe(true);
      for (const name of ["s2", "s3"]) await t.accept(`in_${name}`, name);
      t.expect(await t.claim(a, undefined, 5)).toEqual([]);
      t.expect(await t.claim(a, "s2")).toEqual([]);
      await leases.renewNode(a);
      t.expect((await t.store.inbox.next(held.fence))?.inputId).toBe("in_1");
      t.expect((await t.claim(await t.node("b"), undefined, 1)).map(({ sessionId: id }) => id)).toEqual([
        "s2",
      ]);
      t.expect(await leases.setNodePaused(nodeId("a"), false)).toBe(true);
      t.expect(await t.claimedIds(a)).toEqual(["s3"]);
      await leases.setNodePaused(nodeId("a"), true);
      t.expect((await t.claim(await t.node("a"), undefined, 5)).length).toBe(2);
    },
  );
}
