import { nodeId, sessionId, turnId } from "@pawl/core";
import { BEHAVIOUR_NOW, textDelta } from "../fixtures.ts";
import { Held } from "../held.ts";
import { chapter } from "../store-case.ts";
import { HOUR_MS } from "../store-test.ts";

const S1 = sessionId("s1");

export const leasesChapter = chapter("Leases", (add) => {
  add("D1 D27 each opening of a node is a new generation with a nonce of its own", async (t) => {
    const first = await t.node("a", 1_000);
    const second = await t.node("a", 2_000);
    t.expect([first.nodeId, first.ttlMs, second.ttlMs]).toEqual(["a", 1_000, 2_000]);
    t.expect(second.generation > first.generation).toBe(true);
    t.expect(first.nonce === second.nonce).toBe(false);
    await t.store.leases.renewNode(second);
    await t.refused(t.store.leases.renewNode(first), "store_fenced");
  });

  add("S2 nobody can renew or claim with a lease that never was", async (t) => {
    await t.accept("in_1");
    const lease = { nodeId: nodeId("ghost"), generation: 1, nonce: "x", ttlMs: 1_000 };
    await t.refused(t.store.leases.renewNode(lease), "store_fenced");
    await t.refused(t.claim(lease), "store_fenced");
    await t.store.leases.closeNode(lease);
    const real = await t.node("a");
    await t.refused(t.store.leases.renewNode({ ...real, nonce: "x" }), "store_fenced");
  });

  add("closing a node gives everything back, and is safe to repeat and after a loss", async (t) => {
    await t.accept("in_1");
    const old = await t.node("a");
    const lease = await t.node("a");
    await t.hold(lease);
    await t.store.leases.closeNode(old);
    const other = await t.node("b");
    t.expect(await t.claimedIds(other)).toEqual([]);
    await t.store.leases.closeNode(lease);
    await t.store.leases.closeNode(lease);
    await t.refused(t.store.leases.renewNode(lease), "store_fenced");
    await t.refused(t.claim(lease), "store_fenced");
    t.expect(await t.claimedIds(other)).toEqual(["s1"]);
  });

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

  add("nodes are listed with what they do, the living first", async (t) => {
    const { leases } = t.store;
    t.expect(await leases.nodes({ limit: 9 })).toEqual([]);
    await t.accept("in_1");
    const gone = await t.node("gone");
    const a = await t.node("a");
    await t.hold(a);
    await leases.closeNode(gone);
    await leases.setNodePaused(nodeId("a"), true);
    const listed = await leases.nodes({ limit: 9 });
    t.expect(listed.map(({ nodeId: id, alive, paused, sessions }) => [id, alive, paused, sessions])).toEqual([
      ["a", true, true, 1],
      ["gone", false, false, 0],
    ]);
    t.expect(listed.every(({ openedAt }) => openedAt > 0)).toBe(true);
    t.expect((await leases.nodes({ limit: 1 })).length).toBe(1);
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

  add("who died holds nothing, also while nobody has taken over", async (t) => {
    await t.accept("in_1");
    const lease = await t.node("a");
    await t.hold(lease);
    await t.store.leases.closeNode(lease);
    t.expect((await t.store.sessions.load(S1))?.holder).toBe(null);
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

  add("D1 a new generation of a node frees what the one before held, at once", async (t) => {
    const held = await t.working();
    await held.append("a");
    await t.node("node-of-s1");
    const next = await t.hold(await t.node("b"));
    t.expect([next.claim.openTurn, next.claim.logHead]).toEqual(["turn_s1", 2]);
    await t.refused(held.append("late"), "store_fenced");
  });

  add("D1 a lease that runs out frees what it held, and its owner can write nothing more", async (t) => {
    await t.accept("in_1");
    const lease = await t.node("a", 1_500);
    const held = await t.hold(lease);
    await held.begin(["in_1"]);
    const other = await t.node("b");
    const claim = await t.until("the lease runs out", async () => (await t.claim(other))[0], 100);
    t.expect([claim.sessionId, claim.openTurn, claim.logHead]).toEqual(["s1", "turn_1", 1]);
    await t.refused(t.store.leases.renewNode(lease), "store_fenced");
    await t.unchanged(["s1"], () => t.refused(held.append("late"), "store_fenced"));
    await t.unchanged(["s1"], () => t.refused(held.commit(), "store_fenced"));
    await new Held(t.store, claim).append("goes on");
  });

  add("a lease that is renewed does not run out", "advance", async (t) => {
    await t.accept("in_1");
    const lease = await t.node("a", 1_000);
    await t.hold(lease);
    const other = await t.node("b");
    const { advance } = t.capabilities;
    for (let i = 0; i < 5; i++) {
      if (advance) await advance(t.store, 900);
      await t.store.leases.renewNode(lease);
      t.expect(await t.claim(other)).toEqual([]);
    }
  });

  add("a session that was left is no longer its old holder's", async (t) => {
    const held = await t.working();
    t.expect(await held.retry(0)).toBe(true);
    await t.unchanged(["s1"], () => t.refused(held.append("late"), "store_fenced"));
  });

  add("S12 leaving again what nobody has claimed since is leaving once: the answer was lost", async (t) => {
    const held = await t.working();
    await held.park();
    await t.unchanged(["s1"], async () => {
      t.expect([await held.park(), await held.retry(0), await held.idle()]).toEqual([true, true, true]);
    });
    const node = await t.node("b");
    t.expect(await t.claim(node)).toEqual([]);
    await t.accept("in_now", "s1", { delivery: "interrupt" });
    await t.hold(node);
    await t.refused(held.park(), "store_fenced");
  });

  add("a session that was left idle comes back when there is something to do", async (t) => {
    const held = await t.working();
    await held.end();
    await t.accept("in_2");
    const node = await t.node("b");
    t.expect(await t.claim(node)).toEqual([]);
    await held.idle();
    const again = await t.hold(node);
    await again.begin(["in_2"]);
    await again.end();
    await again.idle();
    t.expect(await t.claim(node)).toEqual([]);
    await t.accept("in_3");
    t.expect(await t.claimedIds(node)).toEqual(["s1"]);
  });

  add("a turn that was left open without waiting is there to be gone on with", async (t) => {
    const held = await t.working();
    await held.idle();
    const again = await t.hold(await t.node("b"));
    t.expect(again.claim.openTurn).toBe("turn_s1");
    await again.append("goes on");
    t.expect((await t.store.log.read(S1))[1]?.body).toEqual(textDelta("goes on"));
  });

  add("a retry waits for its time", async (t) => {
    const node = await t.node("b");
    const held = await t.working();
    await held.retry(HOUR_MS);
    const other = await t.working("s2");
    await other.retry(300);
    const claims = await t.until("the retry is due", async () => {
      const claims = await t.claim(node);
      return claims.length > 0 ? claims : undefined;
    });
    t.expect(claims.map((claim) => claim.sessionId)).toEqual(["s2"]);
    t.expect(await t.claim(node, "s1")).toEqual([]);
  });
});
