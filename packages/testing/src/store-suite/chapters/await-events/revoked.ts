import { sessionId } from "@pawl/core";
import { newAwaitEvent } from "../../fixtures.ts";
import type { AddCase } from "../../store-case.ts";
import { BY, NO, now, passed, register, S1, TIMEOUT, YES } from "./events.ts";

/** Events that nobody needs any more: revoked, ended with their turn, pruned. */
export function addRevoked(add: AddCase): void {
  add("a revoked event is unknown from then on, whatever it was before", async (t) => {
    const { awaits } = t.store;
    const due = (await now(t)) + 100;
    await register(t, "open", "s1", due);
    await register(t, "done");
    await awaits.resolve("done", YES, BY);
    await register(t, "other");
    for (const keyId of ["open", "done", "never seen"]) {
      await awaits.revoke(keyId);
      await awaits.revoke(keyId);
    }
    await passed(t, due);
    t.expect((await awaits.settleDue(10)).settled).toBe(0);
    for (const keyId of ["open", "done", "never seen"]) {
      t.expect(await awaits.load(keyId)).toBe(null);
      t.expect(await awaits.register(newAwaitEvent(keyId))).toBe(null);
      t.expect(await awaits.resolve(keyId, NO, BY)).toEqual({ status: "unknown_or_revoked" });
      const event = newAwaitEvent(keyId);
      t.expect(await awaits.resolve(keyId, NO, BY, event)).toEqual({ status: "unknown_or_revoked" });
    }
    for (const keyId of ["open", "done", "never seen"]) {
      t.expect(await awaits.isRevoked({ keyId, sessionId: S1 })).toBe(true);
    }
    t.expect(await awaits.isRevoked({ keyId: "other", sessionId: S1 })).toBe(false);
    t.expect(await awaits.isRevoked({ keyId: "not made", sessionId: null })).toBe(false);
    const open = await awaits.pending({ sessionId: S1, limit: 10 });
    t.expect(open.map((one) => one.keyId)).toEqual(["other"]);
    t.expect((await awaits.resolve("other", YES, BY)).status).toBe("accepted");
  });

  add("D8 a revoked session's events are unknown for good, and those that would come", async (t) => {
    const { awaits } = t.store;
    const due = (await now(t)) + 100;
    const held = await t.working();
    await register(t, "open", "s1", due);
    await register(t, "done");
    await awaits.resolve("done", YES, BY);
    await held.park();
    await held.retry(0);
    await (await t.hold(await t.node("b"))).park();
    await register(t, "neighbour", "s2", due + 1);
    await awaits.revokeSession(S1);
    await awaits.revokeSession(S1);
    for (const keyId of ["open", "done", "new"]) {
      t.expect(await awaits.load(keyId)).toBe(null);
      t.expect(await awaits.resolve(keyId, NO, BY)).toEqual({ status: "unknown_or_revoked" });
      const event = newAwaitEvent(keyId);
      t.expect(await awaits.resolve(keyId, NO, BY, event)).toEqual({ status: "unknown_or_revoked" });
      t.expect(await awaits.register(event)).toBe(null);
      t.expect(await awaits.isRevoked(event)).toBe(true);
    }
    t.expect(await awaits.isRevoked({ keyId: "neighbour", sessionId: sessionId("s2") })).toBe(false);
    t.expect(await awaits.pending({ sessionId: S1, limit: 10 })).toEqual([]);
    await passed(t, due + 1);
    // What was revoked does not stand in the way of what is due behind it.
    t.expect((await awaits.settleDue(1)).settled).toBe(1);
    t.expect((await awaits.load("neighbour"))?.terminal).toEqual(TIMEOUT);
  });

  add("D15 the end of a turn settles what it still waited for, and nothing else", async (t) => {
    const { awaits } = t.store;
    const held = await t.working();
    await register(t, "open");
    await register(t, "answered");
    await register(t, "of another turn", "s2");
    await register(t, "of none", null);
    await awaits.resolve("answered", YES, BY);
    await held.commit({ boundary: "immediate", outcome: null, delta: null, inputIds: [] });
    t.expect((await awaits.load("open"))?.terminal).toBe(null);
    await held.end();
    const record = await awaits.load("open");
    t.expect([record?.terminal, record?.resolvedBy]).toEqual([
      { status: "cancelled" },
      { name: "turn", via: "turn" },
    ]);
    t.expect(await awaits.resolve("open", YES, BY)).toEqual({ status: "already_resolved", record });
    t.expect((await awaits.load("answered"))?.terminal).toEqual(YES);
    const left = await awaits.pending({ limit: 10 });
    t.expect(left.map((one) => one.keyId).sort()).toEqual(["of another turn", "of none"]);
  });

  add("D16 a revocation wakes who waits, parked or not, and nobody else", async (t) => {
    const { awaits } = t.store;
    const node = await t.node("b");
    for (const name of ["s1", "s2", "s3"]) {
      const held = await t.working(name);
      await register(t, `open of ${name}`, name);
      await register(t, `done of ${name}`, name);
      await awaits.resolve(`done of ${name}`, YES, BY);
      await held.park();
      await held.retry(0);
      await (await t.hold(node, name)).park();
    }
    await awaits.revoke("done of s1");
    t.expect(await t.claim(node)).toEqual([]);
    await awaits.revoke("open of s1");
    await awaits.revokeSession(sessionId("s2"));
    t.expect([...(await t.claimedIds(node))].sort()).toEqual(["s1", "s2"]);
  });

  add(
    "resolved events are pruned after a time, those of open turns, open ones and approvals never",
    async (t) => {
      const { awaits } = t.store;
      const held = await t.working();
      const of = (keyId: string, session: string | null = null) =>
        awaits.register(newAwaitEvent(keyId, session, { info: { type: "tool_pending" } }));
      await of("of the open turn", "s1");
      await of("open");
      for (const keyId of ["old 1", "old 2", "old 3"]) await of(keyId);
      await awaits.register(newAwaitEvent("approval", null, { info: { type: "approval", tool: "t" } }));
      for (const keyId of ["approval", "of the open turn", "old 1", "old 2", "old 3"])
        await awaits.resolve(keyId, YES, BY);
      const before = (await awaits.load("old 3"))!.resolvedAt! + 1;
      await passed(t, before);
      await of("young");
      await awaits.resolve("young", YES, BY);

      t.expect(await awaits.prune(before, 2)).toBe(2);
      t.expect(await awaits.prune(before, 10)).toBe(1);
      t.expect(await awaits.prune(before, 10)).toBe(0);
      const left = [];
      for (const keyId of ["approval", "of the open turn", "open", "old 1", "old 2", "old 3", "young"]) {
        left.push((await awaits.load(keyId)) !== null);
      }
      t.expect(left).toEqual([true, true, true, false, false, false, true]);
      await held.end();
      t.expect(await awaits.prune(before, 10)).toBe(1);
    },
  );
}
