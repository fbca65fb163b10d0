import { inputId, processId, sessionId, turnId } from "@pawl/core";
import { newAwaitEvent, newProcess, userMessage } from "../fixtures.ts";
import { chapter } from "../store-case.ts";

export const isolationLaw = chapter("Law: sessions and stores are apart", (add) => {
  add("S4 whatever one session does, its neighbours stay as they are", async (t) => {
    const neighbour = await t.working("s2");
    await neighbour.append("mine");
    await t.accept("in_wait", "s3");
    await t.unchanged(["s2", "s3"], async () => {
      const held = await t.working("s1");
      await t.accept("in_steer", "s1", { delivery: "steer" });
      await held.append("a", "b");
      await held.end();
      await held.idle();
      await t.store.sessions.requestCancel(turnId("turn_s1"), { requestId: "c", origin: "person" });
    });
    t.expect((await t.store.sessions.load(sessionId("s1")))?.revision).toBe(1);
  });

  add("S4 each session has its own transcript, log, receipts and chain", async (t) => {
    for (const name of ["s1", "s2"]) {
      const held = await t.working(name);
      await held.append(`text of ${name}`);
      await held.end({ delta: { baseRevision: 0, messages: [userMessage(`m-${name}`)] } });
    }
    for (const name of ["s1", "s2"]) {
      const { record, transcript, log, receipts, inputs } = await t.picture(name);
      t.expect(transcript.map((message) => message.id)).toEqual([`m-${name}`]);
      t.expect(log.map((row) => row.turnId)).toEqual(Array.from({ length: 3 }, () => `turn_${name}`));
      t.expect(receipts.map((receipt) => [receipt.sessionId, receipt.previous])).toEqual([[name, null]]);
      t.expect(inputs.map((input) => [input.inputId, input.position])).toEqual([[`in_${name}`, 1]]);
      t.expect(record?.lastDigest).toBe(receipts[0]?.digest);
    }
    t.expect(await t.store.sessions.loadBoundaryReceipt(sessionId("s2"), turnId("turn_s1"), 0)).toBe(null);
  });

  add("S4 names that look alike are different sessions", async (t) => {
    const names = ["s", "S", "s ", "s%", "s_", "s/1", "ś", "s\u0301", "'; drop table sessions; --", "🐢"];
    for (const [index, name] of names.entries()) await t.accept(`in_${index}`, name);
    for (const [index, name] of names.entries()) {
      const inputs = await t.store.inbox.list(sessionId(name));
      t.expect(
        inputs.map((input) => [input.inputId, input.sessionId]),
        name,
      ).toEqual([[`in_${index}`, name]]);
    }
    t.expect((await t.store.sessions.list({ limit: 100 })).length).toBe(names.length);
  });

  add("S4 two stores know nothing of one another", async (t) => {
    await t.working();
    await t.store.awaits.register(newAwaitEvent("k1"));
    await t.store.awaits.revokeSession(sessionId("s2"));
    const registered = { type: "registered", registration: newProcess("p1") } as const;
    await t.store.processes.append({ processId: processId("p1"), key: "k", bodies: [registered] });
    await t.store.tokens.create({ tokenId: "t", digest: "d", principal: "p" });
    const other = await t.another();
    t.expect(await other.tokens.find("d")).toBe(null);
    t.expect(await other.processes.list({ live: false, limit: 1 })).toEqual([]);
    t.expect(await other.awaits.load("k1")).toBe(null);
    t.expect((await other.awaits.register(newAwaitEvent("k2", "s2")))?.keyId).toBe("k2");
    t.expect(await other.sessions.list({ limit: 10 })).toEqual([]);
    t.expect(await other.inbox.load(inputId("in_s1"))).toBe(null);
    t.expect(await other.secrets.loadOrCreate("signing", () => "theirs")).toBe("theirs");
    t.expect(await t.store.secrets.loadOrCreate("signing", () => "ours")).toBe("ours");
  });
});
