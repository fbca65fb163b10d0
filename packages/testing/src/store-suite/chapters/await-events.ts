import { type Resolution, type ResolvedBy, sessionId } from "@pawl/core";
import type { NewAwaitEvent } from "@pawl/core/ports";
import { newAwaitEvent, newInput } from "../fixtures.ts";
import { chapter } from "../store-case.ts";
import { HOUR_MS, type StoreTest } from "../store-test.ts";

const S1 = sessionId("s1");
const YES: Resolution = { status: "ok", payload: { decision: "approve", note: "ünïcödé 🐢" } };
const NO: Resolution = { status: "ok", payload: { decision: "deny" } };
const TIMEOUT: Resolution = { status: "timeout" };
const BY: ResolvedBy = { name: "ana", via: "key", note: { from: "phone" } };
const SWEEPER: ResolvedBy = { name: "deadline", via: "sweeper" };

let probes = 0;
/** The store's time, which every new event shows. */
async function now(t: StoreTest): Promise<number> {
  probes += 1;
  const probe = await t.store.awaits.register(newAwaitEvent(`probe_${probes}`, null));
  return probe!.createdAt;
}

function passed(t: StoreTest, at: number): Promise<true> {
  return t.until("the time has passed", async () => ((await now(t)) >= at ? true : undefined));
}

async function register(t: StoreTest, keyId: string, session: string | null = "s1", dueAt?: number) {
  const event = newAwaitEvent(keyId, session, dueAt === undefined ? {} : { dueAt });
  const record = await t.store.awaits.register(event);
  t.expect(record?.keyId, `"${keyId}" must be registered`).toBe(keyId);
  return record!;
}

function facts({ keyId, scope, wait, sessionId, turnId, dueAt, info }: NewAwaitEvent): NewAwaitEvent {
  return { keyId, scope, wait, sessionId, turnId, dueAt, info };
}

export const awaitEventsChapter = chapter("Await-events", (add) => {
  add("S1 an event comes back as it was registered, and again as it was resolved", async (t) => {
    const { awaits } = t.store;
    for (const event of [newAwaitEvent("k1"), newAwaitEvent("k2", null, { dueAt: 4_000_000_000_123 })]) {
      const record = await awaits.register(event);
      t.expect(facts(record!)).toEqual(event);
      t.expect([record!.terminal, record!.resolvedBy, record!.resolvedAt]).toEqual([null, null, null]);
      t.expect(await awaits.load(event.keyId)).toEqual(record);
      const resolved = await awaits.resolve(event.keyId, YES, BY);
      const after = await awaits.load(event.keyId);
      t.expect(resolved).toEqual({ status: "accepted", record: after });
      t.expect({ ...facts(after!), terminal: after!.terminal, resolvedBy: after!.resolvedBy }).toEqual({
        ...event,
        terminal: YES,
        resolvedBy: BY,
      });
      t.expect([after!.createdAt, after!.resolvedAt! >= after!.createdAt]).toEqual([record!.createdAt, true]);
    }
  });

  add("S1 resolutions of every kind come back", async (t) => {
    const kinds: Resolution[] = [
      { status: "ok", payload: null },
      { status: "err", payload: { code: "declined", message: "No.", raw: { deep: [1] } } },
      { status: "cancelled" },
      TIMEOUT,
    ];
    for (const [index, terminal] of kinds.entries()) {
      await register(t, `k${index}`);
      t.expect((await t.store.awaits.resolve(`k${index}`, terminal, BY)).status).toBe("accepted");
      t.expect((await t.store.awaits.load(`k${index}`))?.terminal).toEqual(terminal);
    }
  });

  add("S2 what is absent is unknown, and no error", async (t) => {
    const { awaits } = t.store;
    t.expect(await awaits.load("none")).toBe(null);
    t.expect(await awaits.resolve("none", YES, BY)).toEqual({ status: "unknown_or_revoked" });
    t.expect(await awaits.load("none")).toBe(null);
    t.expect(await awaits.pending({ limit: 10 })).toEqual([]);
    t.expect(await awaits.settleDue(10)).toEqual({ settled: 0, nextDueAt: null });
    t.expect(await awaits.prune(4_000_000_000_000, 10)).toBe(0);
  });

  add("S3 D15 registering again changes nothing: the first due time and info stay", async (t) => {
    const due = (await now(t)) + HOUR_MS;
    const first = await register(t, "k1", "s1", due);
    const again = newAwaitEvent("k1", "s1", { dueAt: due + HOUR_MS, info: "other" });
    t.expect(await t.store.awaits.register(again)).toEqual(first);
    t.expect(await t.store.awaits.load("k1")).toEqual(first);
  });

  add("D15 the first resolution wins, and every later one learns the winner", async (t) => {
    const { awaits } = t.store;
    await register(t, "k1");
    await awaits.resolve("k1", YES, BY);
    const winner = await awaits.load("k1");
    for (const late of [NO, YES, TIMEOUT, { status: "cancelled" } as const]) {
      const result = await awaits.resolve("k1", late, { name: "bo", via: "host" }, newAwaitEvent("k1"));
      t.expect(result).toEqual({ status: "already_resolved", record: winner });
    }
    t.expect(await awaits.load("k1")).toEqual(winner);
    t.expect(await awaits.register(newAwaitEvent("k1"))).toEqual(winner);
  });

  add("D15 an open event that is what it is taken for is resolved without being read first", async (t) => {
    const { awaits } = t.store;
    await t.working();
    const { info } = await register(t, "k1");
    const resolved = await awaits.resolveOpen("k1", YES, BY, { info });
    t.expect(resolved).toEqual((await awaits.load("k1"))!);
    t.expect([resolved?.terminal, resolved?.resolvedBy]).toEqual([YES, BY]);
    t.expect(await awaits.resolve("k1", NO, BY)).toEqual({ status: "already_resolved", record: resolved! });
    await register(t, "k2");
    t.expect((await awaits.resolveOpen("k2", NO, BY, { infoType: "approval" }))?.terminal).toEqual(NO);
  });

  add("D15 what is not as it was taken for is not resolved so, and nothing of it changes", async (t) => {
    const { awaits } = t.store;
    await t.working();
    await t.working("s2");
    const due = (await now(t)) + HOUR_MS;
    const { info } = await register(t, "k1");
    for (const as of [
      { info: { ...(info as object), tool: "wire" } },
      { info: null },
      { infoType: "budget" },
    ]) {
      t.expect(await awaits.resolveOpen("k1", YES, BY, as)).toBe(undefined);
    }
    t.expect((await awaits.load("k1"))?.terminal).toBe(null);
    await register(t, "done");
    await awaits.resolve("done", NO, BY);
    await register(t, "revoked");
    await awaits.revoke("revoked");
    await register(t, "of a revoked session", "s2");
    await awaits.revokeSession(sessionId("s2"));
    for (const keyId of ["none", "done", "revoked", "of a revoked session"]) {
      t.expect(await awaits.resolveOpen(keyId, YES, BY, { info }), keyId).toBe(undefined);
    }
    t.expect((await awaits.load("done"))?.terminal).toEqual(NO);
    t.expect(await awaits.load("none")).toBe(null);
    // One with a deadline may take the closer look.
    await register(t, "due", "s1", due);
    const early = await awaits.resolveOpen("due", YES, BY, { info });
    t.expect((await awaits.load("due"))?.terminal ?? null).toEqual(early === undefined ? null : YES);
  });

  add(
    "D15 D16 a resolution without a look wakes the parked session, and refuses a park that comes later",
    async (t) => {
      const held = await t.working();
      const { info } = await register(t, "k1");
      await register(t, "k2");
      t.expect(await held.park()).toBe(true);
      const node = await t.node("b");
      t.expect(await t.claim(node)).toEqual([]);
      await (await t.second()).awaits.resolveOpen("k1", YES, BY, { info });
      const again = await t.hold(node);
      t.expect((await again.store.awaits.load("k1"))?.terminal).toEqual(YES);
      await t.store.awaits.resolveOpen("k2", YES, BY, { info });
      t.expect(await again.park()).toBe(false);
    },
  );

  add("D15 a resolution may come before the wait, and is kept for it", async (t) => {
    const { awaits } = t.store;
    const event = newAwaitEvent("k1");
    const early = await awaits.resolve("k1", YES, BY, event);
    t.expect(early.status).toBe("accepted");
    const waited = await awaits.register(newAwaitEvent("k1", "s1", { info: "later" }));
    t.expect(early).toEqual({ status: "accepted", record: waited });
    t.expect([waited?.terminal, waited?.resolvedBy]).toEqual([YES, BY]);
    t.expect(facts(waited!)).toEqual(event);
  });

  add("D15 past its due time an event can only have timed out", async (t) => {
    const { awaits } = t.store;
    const due = (await now(t)) + 200;
    await register(t, "k1", "s1", due);
    await register(t, "k2", "s1", due);
    await register(t, "far", "s1", due + HOUR_MS);
    await passed(t, due);
    const late = await awaits.resolve("k1", YES, BY);
    t.expect(late).toEqual({ status: "already_resolved", record: await awaits.load("k1") });
    const record = await awaits.load("k1");
    t.expect([record?.terminal, record?.resolvedBy]).toEqual([TIMEOUT, SWEEPER]);
    // A waiter that finds it overdue is the one who settled it.
    t.expect((await awaits.resolve("k2", TIMEOUT, { name: "waiter", via: "turn" })).status).toBe("accepted");
    t.expect((await awaits.resolve("far", YES, BY)).status).toBe("accepted");
  });

  add("D15 due events are settled with no waiter alive, and not before", async (t) => {
    const { awaits } = t.store;
    const due = (await now(t)) + 200;
    for (const [keyId, at] of [
      ["third", due + 2],
      ["first", due],
      ["second", due + 1],
      ["far", due + HOUR_MS],
    ] as const) {
      await register(t, keyId, "s1", at);
    }
    await register(t, "never");
    await register(t, "answered", "s1", due - 1);
    await awaits.resolve("answered", YES, BY);
    const before = await awaits.settleDue(10);
    if ((await now(t)) < due) t.expect(before).toEqual({ settled: 0, nextDueAt: due });
    await passed(t, due + 2);
    t.expect(await awaits.settleDue(2 - before.settled)).toEqual({
      settled: 2 - before.settled,
      nextDueAt: due + 2,
    });
    t.expect(await awaits.settleDue(10)).toEqual({ settled: 1, nextDueAt: due + HOUR_MS });
    t.expect(await awaits.settleDue(10)).toEqual({ settled: 0, nextDueAt: due + HOUR_MS });
    const ends = [];
    for (const keyId of ["first", "second", "third", "far", "never", "answered"]) {
      ends.push((await awaits.load(keyId))?.terminal ?? null);
    }
    t.expect(ends).toEqual([TIMEOUT, TIMEOUT, TIMEOUT, null, null, YES]);
    t.expect((await awaits.load("first"))?.resolvedBy).toEqual(SWEEPER);
  });

  add("D15 D16 a resolution wakes the parked session, and whoever claims it finds the answer", async (t) => {
    const held = await t.working();
    await register(t, "k1");
    t.expect(await held.park()).toBe(true);
    const node = await t.node("b");
    t.expect(await t.claim(node)).toEqual([]);
    await (await t.second()).awaits.resolve("k1", YES, BY);
    const again = await t.hold(node);
    t.expect(again.claim.openTurn).toBe("turn_s1");
    t.expect((await again.store.awaits.load("k1"))?.terminal).toEqual(YES);
    t.expect(again.claim.attempts).toBe(0);
  });

  add("D16 a resolution between looking and parking refuses the park", async (t) => {
    const held = await t.working();
    await register(t, "k1");
    await t.store.awaits.resolve("k1", YES, BY);
    t.expect(await held.park()).toBe(false);
    await held.append("still mine");
    await held.retry(0);
    const again = await t.hold(await t.node("b"));
    t.expect(await again.park()).toBe(true);
  });

  add("D16 however a park and a resolution race, the wake-up is not lost", async (t) => {
    const second = await t.second();
    let held = await t.working();
    for (let round = 0; round < 12; round++) {
      await register(t, `k${round}`);
      const [parked] = await Promise.all([
        held.park(),
        second.awaits.resolve(`k${round}`, YES, BY).then(({ status }) => t.expect(status).toBe("accepted")),
      ]);
      if (!parked) await held.retry(0);
      held = await t.hold(await t.node(`n${round % 2}`));
    }
  });

  add("D16 an answer that the turn has read before its end brings nobody back to the session", async (t) => {
    const held = await t.working();
    await register(t, "k1");
    await t.store.awaits.resolve("k1", YES, BY);
    await held.end();
    t.expect(await held.idle()).toBe(true);
    const node = await t.node("b");
    t.expect(await t.claim(node)).toEqual([]);
    // What is queued does, whoever was woken meanwhile.
    await t.store.inbox.accept(newInput("in_after", "s1"));
    await t.hold(node);
  });

  add("D15 who comes second wakes nobody", async (t) => {
    const held = await t.working();
    await register(t, "k1");
    await t.store.awaits.resolve("k1", YES, BY);
    await held.park();
    await held.retry(0);
    const again = await t.hold(await t.node("b"));
    await t.store.awaits.resolve("k1", NO, BY);
    t.expect(await again.park()).toBe(true);
    await t.store.awaits.resolve("k1", NO, BY, newAwaitEvent("k1"));
    t.expect(await t.claim(await t.node("c"))).toEqual([]);
  });

  add("D15 a time-out wakes the parked session like an answer", async (t) => {
    const due = (await now(t)) + 200;
    const held = await t.working();
    await register(t, "k1", "s1", due);
    await held.park();
    await passed(t, due);
    const node = await t.node("b");
    t.expect(await t.claim(node)).toEqual([]);
    await t.store.awaits.settleDue(10);
    await t.hold(node);
  });

  add("S4 a resolution wakes its own session only, and one without a session nobody", async (t) => {
    for (const name of ["s1", "s2"]) await (await t.working(name)).park();
    await register(t, "k1", "s1");
    await register(t, "k2", "s2");
    await register(t, "alone", null);
    await t.unchanged(["s2"], () => t.store.awaits.resolve("k1", YES, BY));
    await t.store.awaits.resolve("alone", YES, BY);
    await t.store.awaits.resolve("nowhere", YES, BY, newAwaitEvent("nowhere", "s_unknown"));
    t.expect(await t.claimedIds(await t.node("b"))).toEqual(["s1"]);
    t.expect((await t.store.awaits.load("k2"))?.terminal).toBe(null);
    t.expect(await t.store.sessions.load(sessionId("s_unknown"))).toBe(null);
  });

  add("D4 a resolver writes nothing into the session's log", async (t) => {
    await t.working();
    await register(t, "k1");
    await t.unchanged(["s1"], () => t.store.awaits.resolve("k1", YES, BY));
  });

  add("S5 pending events are listed, oldest first, of one session or of all", async (t) => {
    const names = ["k3", "k1", "k2"];
    for (const [index, name] of names.entries()) {
      const { createdAt } = await register(t, name, index === 1 ? "s2" : "s1");
      // Order is by time, and a clock may stand still between two calls.
      await passed(t, createdAt + 2);
    }
    const { awaits } = t.store;
    const ids = async (query: Parameters<typeof awaits.pending>[0]) =>
      (await awaits.pending(query)).map((one) => one.keyId).filter((one) => names.includes(one));
    t.expect(await ids({ limit: 1_000 })).toEqual(names);
    t.expect(await ids({ sessionId: S1, limit: 10 })).toEqual(["k3", "k2"]);
    t.expect(await ids({ sessionId: S1, limit: 1 })).toEqual(["k3"]);
    t.expect(await awaits.pending({ limit: 0 })).toEqual([]);
    await awaits.resolve("k3", YES, BY);
    t.expect(await ids({ limit: 1_000 })).toEqual(["k1", "k2"]);
    t.expect((await awaits.pending({ sessionId: S1, limit: 10 }))[0]).toEqual(await awaits.load("k2"));
  });

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

  add("S10 content that cannot be stored is refused, and nothing of it is written", async (t) => {
    const { awaits } = t.store;
    const bad = newAwaitEvent("bad", "s1", { info: { text: "a\u0000b" } });
    await t.refused(awaits.register(bad), "not_storable");
    t.expect(await awaits.load("bad")).toBe(null);
    await register(t, "k1");
    const lone: Resolution = { status: "ok", payload: "\ud800" };
    await t.refused(awaits.resolve("k1", lone, BY), "not_storable");
    t.expect((await awaits.load("k1"))?.terminal).toBe(null);
  });

  add("D10 a resolution and a revocation hint at their event", async (t) => {
    const heard = new Set<string>();
    const stop = t.store.awaits.onResolved((keyId) => heard.add(keyId));
    let gone = 0;
    t.store.awaits.onResolved(() => gone++)();
    for (const how of ["resolve", "revoke", "session"] as const) {
      let sent = 0;
      await t.until(`a hint of ${how} comes`, async () => {
        if ([...heard].some((keyId) => keyId.startsWith(how))) return true;
        sent += 1;
        const session = `${how}_${sent}`;
        await register(t, session, session);
        if (how === "resolve") await t.store.awaits.resolve(session, YES, BY);
        if (how === "revoke") await t.store.awaits.revoke(session);
        if (how === "session") await t.store.awaits.revokeSession(sessionId(session));
        return undefined;
      });
    }
    stop();
    t.expect([...heard].filter((keyId) => !/^(resolve|revoke|session)_\d+$/.test(keyId))).toEqual([]);
    t.expect(gone).toBe(0);
  });
});
