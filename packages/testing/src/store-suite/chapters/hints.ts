import { canonicalJson, sessionId } from "@pawl/core";
import { chapter } from "../store-case.ts";
import { HOUR_MS } from "../store-test.ts";

export const hintsChapter = chapter("Hints", (add) => {
  add("D10 an input hints that there is work, and names at most its session", async (t) => {
    const heard: (string | undefined)[] = [];
    const stop = t.store.leases.onWork((session) => heard.push(session));
    let sent = 0;
    // A single hint may be lost; a store that never hints leaves everything to the poll.
    await t.until("a hint comes", async () => {
      if (heard.length > 0) return true;
      sent += 1;
      await t.accept(`in_${sent}`);
      return undefined;
    });
    stop();
    t.expect(heard.filter((session) => session !== undefined && session !== "s1")).toEqual([]);
  });

  add("D10 an append hints at its own session's log", async (t) => {
    const held = await t.working();
    const other = await t.working("s2");
    let mine = 0;
    const stop = t.store.log.onAppend(sessionId("s1"), () => mine++);
    await other.append("not mine");
    await t.until("a hint comes", async () => {
      if (mine > 0) return true;
      await held.append("mine");
      return undefined;
    });
    stop();
    t.expect(mine > 0).toBe(true);
  });

  add("D28 a claim that finds a session too early tells when it will be ready", async (t) => {
    const heard: number[] = [];
    t.store.leases.onDue((inMs) => heard.push(inMs));
    const node = await t.node();
    const { acceptedAt } = await t.accept("in_now", "s-now");
    await t.hold(node, "s-now");
    await t.accept("in_1", "s1", { at: acceptedAt + HOUR_MS });
    await t.accept("in_2", "s2", { at: acceptedAt + 2 * HOUR_MS });
    t.expect(await t.claim(node, "s2")).toEqual([]);
    await t.until("of that session", async () => heard.some((inMs) => inMs > HOUR_MS) || undefined);
    t.expect(await t.claim(node)).toEqual([]);
    await t.until("of the first of all", async () => heard.some((inMs) => inMs <= HOUR_MS) || undefined);
    t.expect(heard.every((inMs) => inMs > 0 && inMs <= 2 * HOUR_MS)).toBe(true);
  });

  add(
    "D10 the end of a turn and the leave of its holder hint that the session rests, and rows alone do not",
    async (t) => {
      const heard = { s1: 0, s2: 0 };
      t.store.leases.onRest(sessionId("s1"), () => heard.s1++);
      t.store.leases.onRest(sessionId("s2"), () => heard.s2++);
      const held = await t.working();
      const other = await t.working("s2");
      await held.append("a row");
      await t.store.log.read(sessionId("s1"));
      t.expect(heard).toEqual({ s1: 0, s2: 0 });
      await held.commit();
      await t.until("the end of the turn is heard", async () => heard.s1 > 0 || undefined);
      t.expect(heard.s2).toBe(0);
      await other.park();
      await t.until("the leave is heard", async () => heard.s2 > 0 || undefined);
    },
  );

  add("the end that is brought along is the one that is committed", async (t) => {
    const brought: unknown[] = [];
    let heard = 0;
    t.store.leases.onRest(sessionId("s1"), (end) => {
      heard += 1;
      if (end !== undefined) brought.push(end);
    });
    const held = await t.working();
    const receipt = await held.end();
    await held.idle();
    await t.until("the end and the leave are heard", async () => heard > 0 || undefined);
    const { usage } = (await t.store.sessions.loadCommitted(receipt.runId))!;
    t.expect(brought.every((end) => canonicalJson(end) === canonicalJson({ receipt, usage }))).toBe(true);
  });

  add(
    "D10 that a turn waits or is blocked is heard by who waits for it in another process, too",
    async (t) => {
      // Of a store in memory there is no other process.
      const elsewhere = t.store.durability === "memory" ? t.store : await t.second();
      const heard = { s1: 0, s2: 0 };
      elsewhere.leases.onRest(sessionId("s1"), () => heard.s1++);
      elsewhere.leases.onRest(sessionId("s2"), () => heard.s2++);
      const [parked, blocked] = [await t.working(), await t.working("s2")];
      await parked.park();
      await t.until("the park is heard", async () => heard.s1 > 0 || undefined);
      await t.store.leases.release(blocked.fence, { type: "blocked", code: "c", message: "m" });
      await t.until("the block is heard", async () => heard.s2 > 0 || undefined);
      t.expect((await elsewhere.sessions.load(sessionId("s1")))?.parked).toBe(true);
    },
  );

  add("a listener that was taken back hears nothing more, and the others still do", async (t) => {
    const held = await t.working();
    let gone = 0;
    let still = 0;
    const stopWork = t.store.leases.onWork(() => gone++);
    const stopLog = t.store.log.onAppend(sessionId("s1"), () => gone++);
    stopWork();
    stopLog();
    stopLog();
    t.store.leases.onWork(() => still++);
    t.store.log.onAppend(sessionId("s1"), () => still++);
    let sent = 0;
    await t.until("both others heard", async () => {
      if (still >= 2) return true;
      sent += 1;
      await t.accept(`in_more_${sent}`);
      await held.append("more");
      return undefined;
    });
    t.expect(gone).toBe(0);
  });

  add("a listener may use the store, and finds there what the hint is about", async (t) => {
    const found = Promise.withResolvers<number>();
    t.store.leases.onWork(() => {
      t.store.inbox.list(sessionId("s1")).then((inputs) => {
        if (inputs.length > 0) found.resolve(inputs.length);
      }, found.reject);
    });
    let sent = 0;
    let seen = 0;
    void found.promise.then((count) => {
      seen = count;
    });
    await t.until("the listener has found the input", async () => {
      if (seen > 0) return true;
      sent += 1;
      await t.accept(`in_${sent}`);
      return undefined;
    });
    t.expect(seen > 0).toBe(true);
  });
});
