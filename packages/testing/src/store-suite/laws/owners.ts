import { executionScope, ownedSessionId, type SessionOwner, sessionId } from "@pawl/core";
import { newAwaitEvent } from "../fixtures.ts";
import { chapter } from "../store-case.ts";

const ALICE: SessionOwner = { principal: "alice" };
/** Neighbours in every order in which ids can be looked through, and names that a pattern would take for others. */
const OTHERS: readonly SessionOwner[] = [
  { principal: "alic" },
  { principal: "alice0" },
  { principal: "alice " },
  { principal: "ALICE" },
  { principal: "alice/" },
  { principal: "_lice" },
  { principal: "%" },
  { principal: "alice", tenant: "alice" },
  { principal: "alice", tenant: "acme" },
];

export const ownersLaw = chapter("Law: owners are apart", (add) => {
  add("S25 an owner's list has its own sessions, and counts no others", async (t) => {
    const neighbours = OTHERS.map((owner) => ownedSessionId(owner, "s1"));
    for (const [index, id] of [...neighbours, "alice/s1", "@alice", "s1"].entries()) {
      await t.accept(`in_before_${index}`, id);
    }
    await t.accept("in_1", ownedSessionId(ALICE, "s1"));
    await t.accept("in_2", ownedSessionId(ALICE, "s/2"));
    await t.accept("in_last", "s2");
    const list = async (owner: SessionOwner, limit = 100) =>
      (await t.store.sessions.list({ limit, owner })).map((record) => record.sessionId);
    t.expect(await list(ALICE)).toEqual(["@alice/s/2", "@alice/s1"]);
    // Others do not use up what was asked for.
    t.expect(await list(ALICE, 1)).toEqual(["@alice/s/2"]);
    for (const [index, owner] of OTHERS.entries()) t.expect(await list(owner)).toEqual([neighbours[index]]);
    t.expect(await list({ principal: "nobody" })).toEqual([]);
    t.expect((await t.store.sessions.list({ limit: 100 })).length).toBe(OTHERS.length + 6);
  });

  add("S25 an owner's waits are those of its own sessions", async (t) => {
    const events = [...OTHERS, ALICE].map((owner, index) => {
      const id = ownedSessionId(owner, "s1");
      const scope = executionScope.runtimeOperation(`op_${index}`);
      return newAwaitEvent(`k${index}`, id, { scope, turnId: null });
    });
    for (const event of [...events, newAwaitEvent("k_none", null), newAwaitEvent("k_plain", "s1")]) {
      await t.store.awaits.register(event);
    }
    const pending = async (owner: SessionOwner, session?: string) => {
      const records = await t.store.awaits.pending({
        owner,
        limit: 100,
        ...(session !== undefined && { sessionId: sessionId(session) }),
      });
      return records.map((record) => record.keyId);
    };
    t.expect(await pending(ALICE)).toEqual([`k${OTHERS.length}`]);
    t.expect(await pending(ALICE, "@alice/s1")).toEqual([`k${OTHERS.length}`]);
    t.expect(await pending(ALICE, "@alic/s1")).toEqual([]);
    t.expect(await pending(ALICE, "s1")).toEqual([]);
    for (const [index, owner] of OTHERS.entries()) t.expect(await pending(owner)).toEqual([`k${index}`]);
    t.expect((await t.store.awaits.pending({ limit: 100 })).length).toBe(OTHERS.length + 3);
  });

  add("S25 an owner's counts are of its own sessions, and all count for the whole", async (t) => {
    const none = {
      sessions: 0,
      runningTurns: 0,
      parkedTurns: 0,
      blockedTurns: 0,
      queuedInputs: 0,
      oldestDueMs: 0,
    };
    const counted = async (owner?: SessionOwner) => {
      const { oldestDueMs, ...rest } = await t.store.sessions.counts(owner === undefined ? {} : { owner });
      t.expect(oldestDueMs >= 0).toBe(true);
      return rest;
    };
    t.expect(await t.store.sessions.counts()).toEqual(none);
    const mine = (name: string) => ownedSessionId(ALICE, name);
    for (const [index, owner] of OTHERS.entries())
      await t.accept(`in_o${index}`, ownedSessionId(owner, "s1"));
    t.expect(await t.store.sessions.counts({ owner: ALICE })).toEqual(none);

    const running = await t.working(mine("run"), "in_run");
    await t.accept("in_behind", mine("run"));
    const parked = await t.working(mine("park"), "in_park");
    await t.store.leases.release(parked.fence, { type: "park" });
    const blocked = await t.working(mine("block"), "in_block");
    await t.store.leases.release(blocked.fence, { type: "blocked", code: "c", message: "m" });
    // Not due for long: it waits, and nobody is late.
    await t.accept("in_later", mine("later"), { at: 8_000_000_000_000 });
    const alice = { sessions: 4, runningTurns: 1, parkedTurns: 1, blockedTurns: 1, queuedInputs: 2 };
    t.expect(await counted(ALICE)).toEqual(alice);
    t.expect(await counted(OTHERS[0])).toEqual({
      ...alice,
      sessions: 1,
      runningTurns: 0,
      parkedTurns: 0,
      blockedTurns: 0,
      queuedInputs: 1,
    });
    t.expect(await counted()).toEqual({
      ...alice,
      sessions: 4 + OTHERS.length,
      queuedInputs: 2 + OTHERS.length,
    });
    await running.end();
    t.expect((await counted(ALICE)).runningTurns).toBe(0);
  });

  add("S25 S13 two owners may use one name and one key", async (t) => {
    const [alice, bob] = [ownedSessionId(ALICE, "s1"), ownedSessionId({ principal: "bob" }, "s1")];
    await t.accept("in_a", alice, { idempotencyKey: "k" });
    await t.unchanged([alice], async () => {
      const input = await t.accept("in_b", bob, { idempotencyKey: "k" });
      t.expect([input.inputId, input.sessionId, input.position]).toEqual(["in_b", bob, 1]);
    });
  });
});
