import { type Resolution, sessionId } from "@pawl/core";
import { newAwaitEvent } from "../fixtures.ts";
import { chapter } from "../store-case.ts";
import { HOUR_MS } from "../store-test.ts";
import { BY, facts, NO, now, passed, register, S1, SWEEPER, TIMEOUT, YES } from "./await-events/events.ts";
import { addRevoked } from "./await-events/revoked.ts";
import { addWaking } from "./await-events/waking.ts";

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
      // What is not resolved wakes nobody.
      t.expect(await t.store.awaits.resolveOpen("k1", YES, BY, { infoType: "budget" })).toBe(undefined);
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
    await register(t, "never");
    await register(t, "far", "s1", due + HOUR_MS);
    t.expect(await awaits.settleDue(10)).toEqual({ settled: 0, nextDueAt: due + HOUR_MS });
    await register(t, "answered", "s1", due - 1);
    await awaits.resolve("answered", YES, BY);
    // On a machine that stood still for so long it was over already.
    const answered = (await awaits.load("answered"))?.terminal;
    if ((answered as Resolution | undefined)?.status !== "timeout") t.expect(answered).toEqual(YES);
    await register(t, "third", "s1", due + 2);
    await register(t, "first", "s1", due);
    await register(t, "second", "s1", due + 1);
    await passed(t, due + 2);
    t.expect(await awaits.settleDue(2)).toEqual({ settled: 2, nextDueAt: due + 2 });
    t.expect(await awaits.settleDue(10)).toEqual({ settled: 1, nextDueAt: due + HOUR_MS });
    t.expect(await awaits.settleDue(10)).toEqual({ settled: 0, nextDueAt: due + HOUR_MS });
    const ends = [];
    for (const keyId of ["first", "second", "third", "far", "never", "answered"]) {
      ends.push((await awaits.load(keyId))?.terminal ?? null);
    }
    t.expect(ends).toEqual([TIMEOUT, TIMEOUT, TIMEOUT, null, null, answered]);
    t.expect((await awaits.load("first"))?.resolvedBy).toEqual(SWEEPER);
  });

  addWaking(add);

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

  addRevoked(add);

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
