import { inputId, sessionId, turnId } from "@pawl/core";
import { COMPLETED, newAwaitEvent, newInput } from "../fixtures.ts";
import { Held } from "../held.ts";
import { chapter } from "../store-case.ts";

const S1 = sessionId("s1");

export const reopenLaw = chapter("Law: what was acknowledged lasts", (add) => {
  add("S18 everything is there after a restart", "reopen", async (t) => {
    const held = await t.working();
    await held.append("a", "b");
    const turn = await held.newTurn([]);
    await held.end();
    await t.accept("in_2", "s1", { idempotencyKey: "k" });
    await held.begin(["in_2"]);
    await t.accept("in_3", "s1", { delivery: "steer" });
    await t.store.sessions.requestCancel(turnId("turn_2"), { requestId: "c", origin: "person" });
    const secret = await t.store.secrets.loadOrCreate("signing", () => "made before");
    const token = await t.store.tokens.create({ tokenId: "t", digest: "d", principal: "p" });
    const before = await t.picture("s1");
    const cancel = await t.store.sessions.pendingCancel(turnId("turn_2"));

    await t.reopen();
    t.expect(await t.picture("s1")).toEqual(before);
    t.expect(await t.store.sessions.pendingCancel(turnId("turn_2"))).toEqual(cancel);
    t.expect(await t.store.secrets.loadOrCreate("signing", () => "made after")).toBe(secret);
    t.expect(await t.store.tokens.find("d")).toEqual(token);
    t.expect((await t.store.sessions.loadConfig(turn.configHash))?.agent.name).toBe("assistant");
    const again = newInput("in_9", "s1", {
      idempotencyKey: "k",
      content: before.inputs[1]!.content,
    });
    t.expect((await t.store.inbox.accept(again)).duplicate).toBe(true);
  });

  add("S18 D15 events, answers, due times and revocations are there after a restart", "reopen", async (t) => {
    const by = { name: "ana", via: "key" } as const;
    const dueAt = (await t.store.awaits.register(newAwaitEvent("probe")))!.createdAt + 300;
    await t.store.awaits.register(newAwaitEvent("open", "s1", { dueAt }));
    await t.store.awaits.resolve("early", { status: "ok", payload: 1 }, by, newAwaitEvent("early"));
    await t.store.awaits.revoke("gone");
    await t.store.awaits.revokeSession(sessionId("s2"));
    const before = [await t.store.awaits.load("open"), await t.store.awaits.load("early")];
    await t.reopen();
    const { awaits } = t.store;
    t.expect([await awaits.load("open"), await awaits.load("early")]).toEqual(before);
    t.expect(await awaits.register(newAwaitEvent("gone"))).toBe(null);
    t.expect(await awaits.register(newAwaitEvent("k2", "s2"))).toBe(null);
    await t.until("the sweeper finds what came due", async () =>
      (await awaits.settleDue(10)).settled === 1 ? true : undefined,
    );
    t.expect((await awaits.load("open"))?.terminal).toEqual({ status: "timeout" });
  });

  add(
    "S18 a holder that lived through the restart still holds, another one takes over by its generation",
    "reopen",
    async (t) => {
      const held = await t.working();
      await t.reopen();
      await t.store.log.append(held.fence, held.texts("same holder"));
      const next = await t.hold(await t.node("node-of-s1"));
      t.expect([next.claim.logHead, next.claim.openTurn]).toEqual([2, "turn_s1"]);
      await t.refused(t.store.log.append(held.fence, held.texts("late")), "store_fenced");
    },
  );

  add("S12 S18 a commit whose answer was lost by the crash gives its receipt", "reopen", async (t) => {
    const held = await t.working();
    const boundary = await held.ending();
    const first = await t.store.sessions.commit(held.fence, boundary);
    await t.reopen();
    await t.unchanged(["s1"], async () => {
      t.expect(await t.store.sessions.commit(held.fence, boundary)).toEqual(first);
    });
    t.expect(first.status).toBe("committed");
  });

  /** Where a process may die: after each of the writes of a turn. */
  const points = ["accepted", "claimed", "begun", "appended", "checkpoint", "committed", "left"] as const;
  for (const [index, point] of points.entries()) {
    add(
      `S18 S19 a process that dies once its turn is ${point} is recovered from, and twice is as once`,
      "reopen",
      async (t) => {
        await t.accept("in_1");
        const steps: (() => Promise<unknown>)[] = [];
        const lease = await t.node("worker");
        let held = index > 0 ? await t.hold(lease) : undefined;
        if (held) {
          const h = held;
          steps.push(
            () => h.begin(["in_1"]),
            () => h.append("text"),
            async () => {
              await t.accept("in_2", "s1", { delivery: "steer" });
              await t.store.inbox.checkpoint(h.fence, turnId("turn_1"), () => h.texts("checkpoint")[0]!);
              h.head += 1;
            },
            () => h.end({ inputIds: [inputId("in_1"), inputId("in_2")] }),
            () => h.idle(),
          );
          for (const step of steps.slice(0, index - 1)) await step();
        }
        const before = await t.picture("s1");

        for (let times = 0; times < 2; times++) {
          await t.reopen();
          t.expect(await t.picture("s1")).toEqual(before);
          const claims = await t.claim(await t.node("worker"));
          const ended = index >= points.indexOf("committed");
          t.expect(claims.map((claim) => [claim.openTurn, claim.logHead])).toEqual(
            ended ? [] : [[before.record?.openTurn ?? null, before.log.length]],
          );
        }

        // It goes on from there to the same end.
        await t.reopen();
        const [claim] = await t.claim(await t.node("worker"));
        if (claim) {
          held = new Held(t.store, claim);
          if (claim.openTurn === null) await held.begin(["in_1"]);
          const staged = (await t.store.inbox.list(S1)).filter((input) => input.state === "staged");
          await held.end({ inputIds: staged.map((input) => input.inputId) });
        }
        const committed = await t.store.sessions.loadCommitted(turnId("turn_1"));
        t.expect(committed?.receipt.outcome).toEqual(COMPLETED);
        t.expect((await t.store.sessions.receipts(S1)).length).toBe(1);
        t.expect((await t.store.inbox.load(inputId("in_1")))?.state).toBe("consumed");
      },
    );
  }

  add("S22 data of a newer schema is refused and left alone", "pretendNewerSchema", async (t) => {
    await t.accept("in_1");
    const { pretendNewerSchema } = t.capabilities;
    if (pretendNewerSchema) await pretendNewerSchema(t.store);
    const reopened = t.reopen().then(() => t.store.open());
    await t.refused(reopened, "store_schema_too_new");
  });
});
