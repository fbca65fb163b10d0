import { inputId, type ProcessEventBody, processId, sessionId, turnIdOfInput } from "@pawl/core";
import type { EraseStep } from "@pawl/core/ports";
import { newAwaitEvent, newInput, newProcess } from "../fixtures.ts";
import { chapter } from "../store-case.ts";
import type { StoreTest } from "../store-test.ts";

const [S1, S2] = [sessionId("s1"), sessionId("s2")];
const MOST_STEPS = 200;

/** Goes on until there is nothing left to do. */
async function erase(t: StoreTest, session = S1, limit = 100): Promise<EraseStep> {
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const step = await t.store.retention.erase(session, { limit });
    if (step.status !== "erasing") return step;
  }
  throw new Error(`It is not erased after ${MOST_STEPS} steps.`);
}

/** A session with two committed turns, an answered wait, and another session that has as much. */
async function lived(t: StoreTest): Promise<void> {
  for (const session of ["s1", "s2"]) {
    const held = await t.working(session);
    await t.store.awaits.register(newAwaitEvent(`wait of ${session}`, session, { turnId: held.turn }));
    await held.append("text");
    await held.end();
    await t.accept(`in2_${session}`, session, { idempotencyKey: "k" });
    await held.begin([`in2_${session}`]);
    await held.end();
    await held.idle();
  }
}

export const erasureChapter = chapter("Erasure", (add) => {
  add("S2 a session that never was is unknown, and was not erased", async (t) => {
    t.expect(await t.store.retention.erase(S1, { limit: 10 })).toEqual({ status: "unknown" });
    t.expect(await t.store.retention.erased(S1)).toBe(null);
    await t.accept("in_1");
    t.expect(await t.store.retention.erased(S1)).toBe(null);
  });

  add("everything of it is gone, and nothing of the session beside it", async (t) => {
    await lived(t);
    const beside = await t.picture("s2");
    t.expect((await erase(t)).status).toBe("erased");
    const { store } = t;
    t.expect(await t.picture("s1")).toEqual({
      record: null,
      transcript: [],
      receipts: [],
      inputs: [],
      log: [],
    });
    t.expect(await store.inbox.load(inputId("in_s1"))).toBe(null);
    t.expect(await store.sessions.loadCommitted(turnIdOfInput(inputId("in_s1")))).toBe(null);
    t.expect(await store.awaits.load("wait of s1")).toBe(null);
    t.expect((await store.sessions.list({ limit: 9 })).map((record) => record.sessionId)).toEqual([S2]);
    t.expect(await t.picture("s2")).toEqual(beside);
    t.expect((await store.awaits.load("wait of s2")) === null).toBe(false);
    t.expect(await store.retention.erased(S2)).toBe(null);
  });

  add("D8 D21 the digests of its receipts outlive it, in the order of their chain", async (t) => {
    await lived(t);
    const receipts = await t.store.sessions.receipts(S1);
    const step = await erase(t);
    const chain = receipts.map(({ digest, previous }) => ({ digest, previous }));
    t.expect(chain.length).toBe(2);
    const erased = await t.store.retention.erased(S1);
    t.expect([erased?.chain, erased?.complete]).toEqual([chain, true]);
    t.expect(step).toEqual({ status: "erased", session: erased });
    t.expect(await erase(t), "again is the same").toEqual(step);
    t.expect(JSON.stringify(erased).includes("s1"), "hashes, not names").toBe(false);
  });

  add("D8 its id, and those of its inputs, are used up", async (t) => {
    await lived(t);
    await erase(t);
    await t.refused(t.accept("in_new", "s1"), "session_not_accepting");
    await t.refused(t.accept("in_new", "s1", { idempotencyKey: "k" }), "session_not_accepting");
    for (const id of ["in_s1", "in2_s1"]) await t.refused(t.accept(id, "s3"), "store_conflict");
    t.expect(await t.store.sessions.load(sessionId("s3"))).toBe(null);
    await t.refused(t.store.sessions.persistRuntimeState(S1, "idle"), "session_not_accepting");
    await t.accept("in_new", "s3");
    t.expect(await t.store.sessions.load(S1)).toBe(null);
  });

  add("its keys are revoked: nothing can be registered or resolved for it any more", async (t) => {
    await lived(t);
    await erase(t);
    const { awaits } = t.store;
    const by = { name: "x", via: "key" } as const;
    for (const key of ["wait of s1", "never seen"]) {
      t.expect(await awaits.isRevoked({ keyId: key, sessionId: S1 })).toBe(true);
      t.expect(await awaits.isRevoked({ keyId: key, sessionId: S2 })).toBe(false);
      t.expect(await awaits.register(newAwaitEvent(key, "s1"))).toBe(null);
      const resolved = await awaits.resolve(key, { status: "cancelled" }, by, newAwaitEvent(key, "s1"));
      t.expect(resolved).toEqual({ status: "unknown_or_revoked" });
    }
    t.expect(await awaits.pending({ limit: 9 })).toEqual([]);
    t.expect((await awaits.register(newAwaitEvent("of s2", "s2"))) === null).toBe(false);
  });

  add(
    "D1 D4 while a node drives it, it is asked to end and takes nothing new; when it is left, it goes",
    async (t) => {
      const held = await t.working();
      await t.store.awaits.register(newAwaitEvent("pending", "s1", { turnId: held.turn }));
      await t.accept("in_queued");
      t.expect(await erase(t)).toEqual({ status: "busy" });
      await t.refused(t.accept("in_late"), "session_not_accepting");
      t.expect((await t.store.sessions.pendingCancel(held.turn!)) === null).toBe(false);
      t.expect(await t.store.awaits.load("pending")).toBe(null);
      t.expect((await t.store.inbox.load(inputId("in_queued")))?.state).toBe("abandoned");
      t.expect((await t.store.retention.erased(S1))?.complete).toBe(false);
      // Its holder still writes what it does: the end of its turn.
      await held.append("about to end");
      const evidence = await t.store.sessions.pendingCancel(held.turn!);
      await held.end({ outcome: { status: "cancelled", evidence: evidence! } });
      t.expect(await t.store.inbox.next(held.fence)).toBe(null);
      t.expect(await erase(t)).toEqual({ status: "busy" });
      await held.idle();
      t.expect((await erase(t)).status).toBe("erased");
      t.expect((await t.store.retention.erased(S1))?.chain.length).toBe(1);
      await t.refused(held.append("late"), "store_fenced");
    },
  );

  add("D16 a parked turn goes with its session, and whoever had it writes nothing any more", async (t) => {
    const held = await t.working();
    await held.park();
    t.expect((await erase(t)).status).toBe("erased");
    await t.refused(held.append("late"), "store_fenced");
    t.expect(await t.claimedIds(await t.node("other"))).toEqual([]);
    t.expect((await t.picture("s1")).log).toEqual([]);
  });

  add("D1 a session whose owner was superseded is erased at once", async (t) => {
    const held = await t.working();
    await t.node("node-of-s1");
    t.expect((await erase(t)).status).toBe("erased");
    await t.refused(held.append("late"), "store_fenced");
    t.expect((await t.picture("s1")).log).toEqual([]);
  });

  add("D1 a session whose owner's lease ran out is erased without waiting for anybody", async (t) => {
    await t.accept("in_1");
    const held = await t.hold(await t.node("short", 300));
    await held.begin(["in_1"]);
    await t.until("the lease is over", async () => ((await erase(t)).status === "erased" ? true : undefined));
    await t.refused(held.append("late"), "store_fenced");
    t.expect(await t.store.sessions.load(S1)).toBe(null);
  });

  add("S19 it goes in bounded steps, and each may be the last before a crash", async (t) => {
    const held = await t.working();
    await held.append(...Array.from({ length: 40 }, (_none, index) => `text ${index}`));
    await held.end();
    await held.idle();
    const first = await t.store.retention.erase(S1, { limit: 10 });
    t.expect(["erasing", "erased"].includes(first.status)).toBe(true);
    await t.refused(t.accept("in_late"), "session_not_accepting");
    t.expect((await erase(t, S1, 10)).status).toBe("erased");
    t.expect((await t.picture("s1")).log).toEqual([]);
    t.expect((await t.store.retention.erased(S1))?.chain.length).toBe(1);
  });

  add("attachments and background tasks that only it has go; what others share stays", async (t) => {
    const { attachments, processes, inbox } = t.store;
    const own = (await attachments.put("own", "text/plain")).ref;
    const shared = (await attachments.put("shared", "text/plain")).ref;
    const say = (text: string) => ({ content: { parts: [{ type: "text" as const, text }] } });
    await inbox.accept(newInput("in_1", "s1", say(`${own} and ${shared}`)));
    await inbox.accept(newInput("in_2", "s2", say(shared)));
    const grant = (session: typeof S1): ProcessEventBody => ({ type: "grant_added", sessionId: session });
    for (const [id, sessions] of [
      ["alone", [S1]],
      ["both", [S1, S2]],
    ] as const) {
      const registered: ProcessEventBody = { type: "registered", registration: newProcess(id) };
      await processes.append({
        processId: processId(id),
        key: "k",
        bodies: [registered, ...sessions.map(grant)],
      });
    }
    t.expect((await erase(t)).status).toBe("erased");
    t.expect(await attachments.get(own)).toBe(null);
    t.expect((await attachments.get(shared)) === null).toBe(false);
    t.expect(await processes.load(processId("alone"))).toBe(null);
    t.expect(await processes.events(processId("alone"))).toEqual([]);
    t.expect((await processes.load(processId("both"))) === null).toBe(false);
  });

  add("S17 racing erasers and acceptors leave one end: it is gone, or it is refused", async (t) => {
    await lived(t);
    const second = await t.second();
    await Promise.all([
      erase(t),
      second.retention.erase(S1, { limit: 5 }),
      ...Array.from({ length: 8 }, (_none, index) =>
        second.inbox.accept(newInput(`in_race_${index}`, "s1")).catch(() => undefined),
      ),
    ]);
    t.expect((await erase(t)).status).toBe("erased");
    t.expect(await t.picture("s1")).toEqual({
      record: null,
      transcript: [],
      receipts: [],
      inputs: [],
      log: [],
    });
    await t.refused(t.accept("in_after"), "session_not_accepting");
  });
});
