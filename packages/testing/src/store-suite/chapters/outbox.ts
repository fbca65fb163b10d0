import { inputId, sessionId } from "@pawl/core";
import type { OutboxItem } from "@pawl/core/ports";
import { newInput } from "../fixtures.ts";
import { chapter } from "../store-case.ts";
import type { StoreTest } from "../store-test.ts";

const OTHER = sessionId("other");

function input(id: string, session = "other", more: Partial<ReturnType<typeof newInput>> = {}): OutboxItem {
  return { type: "input", input: newInput(id, session, more) };
}

function message(topic: string, payload: unknown): OutboxItem {
  return { type: "message", topic, payload: payload as never };
}

/** Commits one turn of a session that leaves these behind. */
async function commitWith(t: StoreTest, session: string, outbox: readonly OutboxItem[]) {
  const held = await t.working(session);
  return { held, receipt: await held.end({ outbox }) };
}

const payloads = (records: readonly { readonly item: OutboxItem }[]) =>
  records.map(({ item }) => (item.type === "message" ? item.payload : null));

export const outboxChapter = chapter("The outbox", (add) => {
  add(
    "D23 an input that follows from a commit is there when the commit is, and can be claimed",
    async (t) => {
      t.expect(await t.store.sessions.load(OTHER)).toBe(null);
      await commitWith(t, "s1", [input("in_next"), input("in_steer", "other", { delivery: "steer" })]);
      const inputs = await t.store.inbox.list(OTHER);
      t.expect(inputs.map((i) => [i.inputId, i.state, i.position, i.delivery])).toEqual([
        ["in_next", "queued", 1, "next"],
        ["in_steer", "queued", 2, "steer"],
      ]);
      t.expect(inputs[0]?.content).toEqual(newInput("in_next", "other").content);
      t.expect(await t.store.outbox.list({ limit: 9 })).toEqual([]);
      t.expect(await t.claimedIds(await t.node("node-b"))).toEqual([OTHER]);
    },
  );

  add("D20 D23 the same commit again leaves nothing behind a second time", async (t) => {
    const held = await t.working();
    const boundary = await held.ending({ outbox: [input("in_next"), message("mail", { n: 1 })] });
    const first = await t.store.sessions.commit(held.fence, boundary);
    t.expect(await t.store.sessions.commit(held.fence, boundary)).toEqual(first);
    t.expect((await t.store.inbox.list(OTHER)).length).toBe(1);
    t.expect((await t.store.outbox.list({ limit: 9 })).length).toBe(1);
  });

  add("S11 a commit that fails leaves nothing behind", async (t) => {
    const held = await t.working();
    await t.unchanged(["s1", "other"], async () => {
      await t.refused(
        held.end({ delta: { baseRevision: 7, messages: [] }, outbox: [input("in_a"), message("mail", 1)] }),
        "store_conflict",
      );
    });
    t.expect(await t.store.outbox.list({ limit: 9 })).toEqual([]);
  });

  add("D1 S15 a holder that was superseded leaves nothing behind", async (t) => {
    const held = await t.working();
    await t.node("node-of-s1");
    await t.unchanged(["s1", "other"], async () => {
      await t.refused(held.end({ outbox: [input("in_a"), message("mail", 1)] }), "store_fenced");
    });
    t.expect(await t.store.outbox.list({ limit: 9 })).toEqual([]);
  });

  add("S10 what cannot be stored is refused before anything is written", async (t) => {
    const held = await t.working();
    const bad: OutboxItem[] = [
      message("mail", "a\u0000b"),
      message("\ud800", 1),
      input("in_x", "other", { idempotencyKey: "k".repeat(501) }),
      input("in_x", "other", { content: { parts: [{ type: "text", text: "\ud800" }] } }),
    ];
    for (const item of bad) {
      await t.unchanged(["s1", "other"], () => t.refused(held.end({ outbox: [item] }), "not_storable"));
    }
    const badId: OutboxItem = {
      type: "input",
      input: { ...newInput("in_x", "other"), inputId: " " as never },
    };
    await t.refused(held.end({ outbox: [badId] }), "invalid_id");
  });

  add(
    "S13 a known key is no refusal; one with other content is a dead letter and undoes no commit",
    async (t) => {
      await t.accept("in_a", "other", { idempotencyKey: "k" });
      const { content } = newInput("in_a", "other");
      const { receipt } = await commitWith(t, "s1", [
        input("in_b", "other", { idempotencyKey: "k", content }),
        input("in_c", "other", { idempotencyKey: "k" }),
        input("in_d", "other"),
      ]);
      t.expect(receipt.revision).toBe(1);
      t.expect((await t.store.inbox.list(OTHER)).map((i) => i.inputId)).toEqual(["in_a", "in_d"]);
      const dead = await t.store.outbox.list({ dead: true, limit: 9 });
      t.expect(dead.map((d) => [d.id, d.dead, d.failure?.code, d.runId, d.sessionId])).toEqual([
        [`${receipt.digest}/1`, true, "store_conflict", receipt.runId, "s1"],
      ]);
      t.expect(dead[0]?.item).toEqual(input("in_c", "other", { idempotencyKey: "k" }));
      t.expect(await t.store.outbox.list({ dead: false, limit: 9 })).toEqual([]);
    },
  );

  add("a dead letter is tried again when it is revived, or forgotten when it is discarded", async (t) => {
    await t.accept("in_a", "other");
    await commitWith(t, "s1", [input("in_a", "elsewhere"), input("in_a", "elsewhere")]);
    const [first, second] = await t.store.outbox.list({ dead: true, limit: 9 });
    t.expect(await t.store.outbox.revive(first?.id ?? "")).toBe(true);
    t.expect(await t.store.outbox.revive(first?.id ?? "")).toBe(false);
    // Still refused: dead again, and nothing else is touched.
    t.expect((await t.store.outbox.deliverInputs(9)).settled).toBe(1);
    t.expect((await t.store.outbox.list({ dead: true, limit: 9 })).length).toBe(2);
    t.expect(await t.store.outbox.discard(second?.id ?? "")).toBe(true);
    t.expect(await t.store.outbox.discard(second?.id ?? "")).toBe(false);
    t.expect((await t.store.outbox.list({ limit: 9 })).length).toBe(1);
    t.expect(await t.store.outbox.deliverInputs(9)).toEqual({ settled: 0, nextDueAt: null });
  });

  add(
    "D23 messages are handed out one at a time a session and topic, in order, until they are delivered",
    async (t) => {
      const { outbox } = t.store;
      const { receipt } = await commitWith(t, "s1", [
        message("mail", 1),
        message("mail", 2),
        message("hook", 3),
      ]);
      await commitWith(t, "s2", [message("mail", 4)]);
      t.expect(await outbox.take({ topics: [], limit: 9, hideMs: 60_000 })).toEqual([]);
      const taken = await outbox.take({ topics: ["mail"], limit: 9, hideMs: 60_000 });
      t.expect(payloads(taken).sort()).toEqual([1, 4]);
      const first = taken.find(({ sessionId }) => sessionId === "s1");
      t.expect([first?.id, first?.attempts, first?.dead, first?.failure]).toEqual([
        `${receipt.digest}/0`,
        1,
        false,
        null,
      ]);
      // Nothing overtakes what is on its way.
      t.expect(await outbox.take({ topics: ["mail"], limit: 9, hideMs: 60_000 })).toEqual([]);
      t.expect(payloads(await outbox.take({ topics: ["hook"], limit: 9, hideMs: 60_000 }))).toEqual([3]);
      t.expect(await outbox.delivered(first?.id ?? "", 1)).toBe(true);
      t.expect(await outbox.delivered(first?.id ?? "", 1)).toBe(false);
      t.expect(payloads(await outbox.take({ topics: ["mail"], limit: 9, hideMs: 60_000 }))).toEqual([2]);
    },
  );

  add(
    "a message that failed comes again, dies when it is given up, and then lets the next one pass",
    async (t) => {
      const { outbox } = t.store;
      const failure = { code: "refused", message: "503" };
      await commitWith(t, "s1", [message("mail", 1), message("mail", 2)]);
      const take = () => outbox.take({ topics: ["mail"], limit: 9, hideMs: 60_000 });
      const [one] = await take();
      const id = one?.id ?? "";
      t.expect(await outbox.failed(id, 1, failure, 0)).toBe(true);
      const again = await t.until("it comes again", async () => (await take())[0]);
      t.expect([again.id, again.attempts, again.failure]).toEqual([id, 2, failure]);
      // Whoever had it before has no say any more.
      t.expect(await outbox.delivered(id, 1)).toBe(false);
      t.expect(await outbox.failed(id, 1, failure, null)).toBe(false);
      t.expect(await outbox.failed(id, 2, failure, null)).toBe(true);
      const next = await t.until("the next passes", async () => (await take())[0]);
      t.expect(payloads([next])).toEqual([2]);
      const [dead] = await outbox.list({ dead: true, limit: 9 });
      t.expect([dead?.id, dead?.dead, dead?.failure]).toEqual([id, true, failure]);
      t.expect(await outbox.revive(id)).toBe(true);
      t.expect((await outbox.list({ dead: true, limit: 9 })).length).toBe(0);
    },
  );

  add("a message whose taker is silent comes again", async (t) => {
    await commitWith(t, "s1", [message("mail", 1)]);
    const take = (hideMs: number) => t.store.outbox.take({ topics: ["mail"], limit: 9, hideMs });
    t.expect((await take(100)).length).toBe(1);
    const again = await t.until("it comes again", async () => (await take(60_000))[0]);
    t.expect(again.attempts).toBe(2);
  });

  add("S17 racing takers get each message once", async (t) => {
    const second = await t.second();
    const sessions = ["s1", "s2", "s3", "s4"];
    for (const session of sessions) await commitWith(t, session, [message("mail", session)]);
    const taken = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        (i % 2 ? second : t.store).outbox.take({ topics: ["mail"], limit: 3, hideMs: 60_000 }),
      ),
    );
    t.expect(payloads(taken.flat()).sort()).toEqual(sessions);
  });

  add("D23 sessions that send to one another at once all commit", async (t) => {
    const sessions = ["s1", "s2", "s3", "s4"];
    const held = [];
    for (const session of sessions) held.push(await t.working(session));
    await Promise.all(
      held.map((one, i) =>
        one.end({
          outbox: sessions.map((to, n) => input(`in_${sessions[i]}_${n}`, to)),
        }),
      ),
    );
    for (const session of sessions) {
      // Its own first input, and one from everybody; an input that was held up comes with the sweep.
      await t.until(`${session} has all`, async () => {
        await t.store.outbox.deliverInputs(99);
        return (await t.store.inbox.list(sessionId(session))).length === 5 || undefined;
      });
    }
    t.expect(await t.store.outbox.list({ limit: 9 })).toEqual([]);
  });

  add(
    "D23 an open transaction of a caller does not hold up a commit: the input comes when it is over",
    "transaction",
    async (t) => {
      const held = await t.working();
      const { transaction } = t.capabilities;
      if (!transaction) throw new Error("A case that needs transactions must say so.");
      await transaction(t.store, async (tx) => {
        await t.store.inbox.accept(newInput("in_tx", "other"), { tx });
        const receipt = await held.end({ outbox: [input("in_late")] });
        t.expect(receipt.sequence).toBe(0);
        t.expect((await t.store.outbox.list({ dead: false, limit: 9 })).length).toBe(1);
        t.expect(await t.store.inbox.load(inputId("in_late"))).toBe(null);
      });
      await t.until("the input has come", async () => {
        await t.store.outbox.deliverInputs(9);
        return (await t.store.inbox.load(inputId("in_late"))) ?? undefined;
      });
      t.expect((await t.store.inbox.list(OTHER)).map((i) => i.inputId)).toEqual(["in_tx", "in_late"]);
      t.expect(await t.store.outbox.list({ limit: 9 })).toEqual([]);
    },
  );

  add("S18 what is left to be delivered is there after a restart", "reopen", async (t) => {
    await commitWith(t, "s1", [message("mail", 1)]);
    await t.reopen();
    const taken = await t.store.outbox.take({ topics: ["mail"], limit: 9, hideMs: 60_000 });
    t.expect(payloads(taken)).toEqual([1]);
  });

  add("a message hints", async (t) => {
    let heard = 0;
    const stop = t.store.outbox.onMessage(() => {
      heard += 1;
    });
    await commitWith(t, "s1", [message("mail", 1)]);
    await t.until("the hint comes", async () => heard > 0 || undefined);
    stop();
    t.expect(heard > 0).toBe(true);
  });
});
