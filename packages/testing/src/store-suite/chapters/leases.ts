import { nodeId, sessionId } from "@pawl/core";
import { textDelta } from "../fixtures.ts";
import { Held } from "../held.ts";
import { chapter } from "../store-case.ts";
import { HOUR_MS } from "../store-test.ts";
import { addClaims } from "./claims.ts";
import { addPauses } from "./pauses.ts";

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

  add("who died holds nothing, also while nobody has taken over", async (t) => {
    await t.accept("in_1");
    const lease = await t.node("a");
    await t.hold(lease);
    await t.store.leases.closeNode(lease);
    t.expect((await t.store.sessions.load(S1))?.holder).toBe(null);
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

  addClaims(add);
  addPauses(add);
});
