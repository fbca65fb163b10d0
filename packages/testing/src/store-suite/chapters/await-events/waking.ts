import { sessionId } from "@pawl/core";
import { newAwaitEvent, newInput } from "../../fixtures.ts";
import type { AddCase } from "../../store-case.ts";
import { BY, NO, now, passed, register, YES } from "./events.ts";

/** Resolutions and the sessions that wait for them. */
export function addWaking(add: AddCase): void {
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
}
