import type { AwaitEventRows } from "@pawl/core/ports";
import { describe, expect, test } from "vitest";
import { awaitsOver, custom, NO, SCOPE, setUp, watch, YES } from "./awaits-under-test.ts";

const HOUR_MS = 3_600_000;
const never = () => new AbortController().signal;
const stopped = () => new DOMException("stop", "AbortError");

/** Rows whose hints never arrive. */
const deaf = (rows: AwaitEventRows): AwaitEventRows => ({ ...rows, onResolved: () => () => {} });

/** Rows that count who listens. */
function counting() {
  const seen = { listeners: 0, looks: 0 };
  const around = (rows: AwaitEventRows): AwaitEventRows => ({
    ...rows,
    register: (event) => {
      seen.looks += 1;
      return rows.register(event);
    },
    load: (keyId) => {
      seen.looks += 1;
      return rows.load(keyId);
    },
    onResolved: (listener) => {
      seen.listeners += 1;
      const stop = rows.onResolved(listener);
      return () => {
        seen.listeners -= 1;
        stop();
      };
    },
  });
  return { seen, around };
}

describe("a key", () => {
  test("D8 is refused for a session or an event that was revoked, and who waits is told", async () => {
    const under = setUp();
    const awaits = await awaitsOver(under);
    const [one, two] = [await awaits.key(SCOPE, custom("one")), await awaits.key(SCOPE, custom("two"))];
    const refusal = { code: "await_event_unknown_or_revoked" };
    const waiting = watch(awaits.wait(one, { signal: never() }));
    await under.clock.advance(1_000);
    await awaits.revoke(one);
    await under.clock.advance(0);
    expect(waiting.error).toMatchObject(refusal);
    await expect(awaits.key(SCOPE, custom("one"))).rejects.toMatchObject(refusal);
    await expect(awaits.open(SCOPE, custom("one"), {})).rejects.toMatchObject(refusal);
    const other = watch(awaits.wait(two, { signal: never() }));
    await under.clock.advance(1_000);
    expect(other.ended).toBe(false);
    // A forged key revokes nothing.
    await awaits.revoke({ ...two, signature: one.signature });
    await under.clock.advance(1_000);
    expect(other.ended).toBe(false);
    await awaits.revokeSession("s1");
    await under.clock.advance(0);
    expect(other.error).toMatchObject(refusal);
    await expect(awaits.key(SCOPE, custom("new"))).rejects.toMatchObject(refusal);
  });

  test("A5 is not needed for the host's own events: what is opened lasts, and what is settled is won", async () => {
    const under = setUp();
    const awaits = await awaitsOver(under);
    const first = await awaits.open(SCOPE, custom("a"), {
      deadline: under.clock.now() + HOUR_MS,
      info: { a: 1 },
    });
    expect(first).toEqual({ keyId: awaits.keyIdOf(SCOPE, custom("a")), dueAt: under.clock.now() + HOUR_MS });
    expect(await awaits.open(SCOPE, custom("a"), { deadline: 5 })).toEqual(first);
    expect(await awaits.settle(SCOPE, custom("a"), YES)).toEqual({ status: "accepted" });
    expect(await awaits.settle(SCOPE, custom("a"), NO)).toEqual({
      status: "already_resolved",
      terminal: YES,
    });
  });
});

describe("a waiter", () => {
  test("A1 finds the answer that came before it, and who answers later learns it", async () => {
    const awaits = await awaitsOver(setUp());
    const key = await awaits.key(SCOPE, custom("a"));
    expect(await awaits.resolve(key, YES)).toEqual({ status: "accepted" });
    expect(await awaits.wait(key, { signal: never() })).toEqual(YES);
    expect(await awaits.resolve(key, NO)).toEqual({ status: "already_resolved", terminal: YES });
    expect(await awaits.peek(key)).toEqual(YES);
  });

  test("A1 A3 of many each gets the one answer, without time passing", async () => {
    const place = setUp();
    const awaits = await awaitsOver(place);
    const key = await awaits.key(SCOPE, custom("a"));
    const waits = Array.from({ length: 50 }, () => watch(awaits.wait(key, { signal: never() })));
    await place.clock.advance(0);
    expect(waits.some(({ ended }) => ended)).toBe(false);
    expect(await awaits.peek(key)).toBe(null);
    await awaits.resolve(key, YES);
    await place.clock.advance(0);
    expect(waits.map(({ value }) => value)).toEqual(waits.map(() => YES));
  });

  test("A3 is woken by the answer given in another process, though no hint comes", async () => {
    const place = setUp(deaf);
    const here = await awaitsOver(place);
    const there = await awaitsOver(place);
    const key = await here.key(SCOPE, custom("a"));
    const wait = watch(here.wait(key, { signal: never() }));
    await place.clock.advance(60_000);
    await there.resolve(key, YES);
    expect(wait.ended).toBe(false);
    await place.clock.advance(1_000);
    expect(wait.value).toEqual(YES);
  });

  test("A3 loses no answer that comes while it looks", async () => {
    const gate = Promise.withResolvers<void>();
    const place = setUp((rows) => ({
      ...rows,
      register: async (event) => {
        const record = await rows.register(event);
        await gate.promise;
        return record;
      },
    }));
    const awaits = await awaitsOver(place);
    const key = await awaits.key(SCOPE, custom("a"));
    const wait = watch(awaits.wait(key, { signal: never() }));
    await place.clock.advance(0);
    // It has seen "no answer" and does not know it yet.
    await awaits.resolve(key, YES);
    gate.resolve();
    await place.clock.advance(0);
    expect(wait.value).toEqual(YES);
  });

  test("looks seldom while nothing happens: a second apart at last", async () => {
    const { seen, around } = counting();
    const place = setUp(around);
    const awaits = await awaitsOver(place);
    watch(awaits.wait(await awaits.key(SCOPE, custom("a")), { signal: never() }));
    await place.clock.advance(60_000);
    expect(seen.looks).toBeLessThan(70);
    expect(seen.looks).toBeGreaterThan(55);
  });

  test("A4 that is overdue settles its event as timed out", async () => {
    const place = setUp(deaf);
    const awaits = await awaitsOver(place);
    const key = await awaits.key(SCOPE, custom("a"));
    const deadline = place.clock.now() + 5_000;
    const wait = watch(awaits.wait(key, { signal: never(), deadline }));
    await place.clock.advance(4_999);
    expect(wait.ended).toBe(false);
    await place.clock.advance(1);
    expect(wait.value).toEqual({ status: "timeout" });
    expect(await awaits.resolve(key, YES)).toEqual({
      status: "already_resolved",
      terminal: { status: "timeout" },
    });
  });

  test("A5 its deadline is in the store: it survives the waiter, and no later one can change it", async () => {
    const place = setUp();
    const awaits = await awaitsOver(place);
    const key = await awaits.key(SCOPE, custom("a"));
    const dies = new AbortController();
    const deadline = place.clock.now() + 5_000;
    const first = watch(awaits.wait(key, { signal: dies.signal, deadline, info: { for: "ana" } }));
    await place.clock.advance(1_000);
    dies.abort(new Error("the process ends"));
    await place.clock.advance(0);
    expect(first.error).toMatchObject({ message: "the process ends" });
    const later = watch(awaits.wait(key, { signal: never(), deadline: deadline + HOUR_MS }));
    await place.clock.advance(3_999);
    expect(later.ended).toBe(false);
    expect(await place.rows.settleDue(10)).toEqual({ settled: 0, nextDueAt: deadline });
    await place.clock.advance(1);
    expect(later.value).toEqual({ status: "timeout" });
    expect((await place.rows.load(key.keyId))?.info).toEqual({ for: "ana" });
  });

  test("A4 that is told to stop settles its event as cancelled, unless it was answered before", async () => {
    const place = setUp();
    const awaits = await awaitsOver(place);
    for (const answered of [false, true]) {
      const key = await awaits.key(SCOPE, custom(`a${answered}`));
      const stop = new AbortController();
      const wait = watch(awaits.wait(key, { signal: stop.signal }));
      const other = watch(awaits.wait(key, { signal: never() }));
      await place.clock.advance(0);
      if (answered) await awaits.resolve(key, YES);
      stop.abort(stopped());
      await place.clock.advance(0);
      const winner = answered ? YES : { status: "cancelled" };
      expect([wait.value, other.value]).toEqual([winner, winner]);
    }
    const key = await awaits.key(SCOPE, custom("before"));
    expect(await awaits.wait(key, { signal: AbortSignal.abort(stopped()) })).toEqual({ status: "cancelled" });
  });

  test("D15 of a dying process settles nothing", async () => {
    const place = setUp();
    const awaits = await awaitsOver(place);
    const key = await awaits.key(SCOPE, custom("a"));
    const dies = new AbortController();
    const wait = watch(awaits.wait(key, { signal: dies.signal, deadline: place.clock.now() + HOUR_MS }));
    await place.clock.advance(0);
    const reason = new Error("the lease is lost");
    dies.abort(reason);
    await place.clock.advance(0);
    expect(wait.error).toBe(reason);
    expect((await place.rows.load(key.keyId))?.terminal).toBe(null);
    expect(await awaits.resolve(key, YES)).toEqual({ status: "accepted" });
  });

  test.each(["cancel_gate", "turn_terminal"] as const)(
    "A4 that only watches (%s) never settles anything",
    async (type) => {
      const { seen, around } = counting();
      const place = setUp(around);
      const awaits = await awaitsOver(place);
      const key = await awaits.key(SCOPE, { type });
      const stop = new AbortController();
      const deadline = place.clock.now() + 1_000;
      const wait = watch(awaits.wait(key, { signal: stop.signal, deadline }));
      await place.clock.advance(10_000);
      expect(wait.ended).toBe(false);
      // Overdue, it does not look without a pause.
      expect(seen.looks).toBeLessThan(20);
      stop.abort(stopped());
      await place.clock.advance(0);
      expect(wait.error).toMatchObject({ code: "turn_control_wait_cancelled" });
      expect((await place.rows.load(key.keyId))?.terminal).toBe(null);
    },
  );

  test.each(["key", "session"] as const)("is woken when its %s is revoked", async (what) => {
    const place = setUp();
    const awaits = await awaitsOver(place);
    const key = await awaits.key(SCOPE, custom("a"));
    const wait = watch(awaits.wait(key, { signal: never() }));
    await place.clock.advance(0);
    await (what === "key" ? place.rows.revoke(key.keyId) : awaits.revokeSession("s1"));
    await place.clock.advance(0);
    expect(wait.error).toMatchObject({ code: "await_event_unknown_or_revoked" });
  });

  test("leaves nothing behind: no listener, no timer, no listener on its signal", async () => {
    const { seen, around } = counting();
    const place = setUp(around);
    const awaits = await awaitsOver(place);
    expect(seen.listeners).toBe(0);
    const shared = new AbortController();
    let listening = 0;
    const { signal } = shared;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = ((...args: Parameters<typeof add>) => {
      listening += 1;
      add(...args);
    }) as typeof add;
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
      listening -= 1;
      remove(...args);
    }) as typeof remove;
    const keys = await Promise.all(Array.from({ length: 20 }, (_, i) => awaits.key(SCOPE, custom(`k${i}`))));
    const waits = keys.map((key) => watch(awaits.wait(key, { signal })));
    const brief = watch(awaits.waitUntil(SCOPE, custom("brief"), { signal, until: place.clock.now() + 100 }));
    await place.clock.advance(200);
    expect(brief).toEqual({ value: undefined, ended: true });
    expect([seen.listeners, listening, place.clock.pending.length]).toEqual([1, 20, 20]);
    for (const key of keys) await awaits.resolve(key, YES);
    await place.clock.advance(0);
    expect(waits.map(({ value }) => value)).toEqual(waits.map(() => YES));
    expect([seen.listeners, listening, place.clock.pending.length]).toEqual([0, 0, 0]);
  });
});
