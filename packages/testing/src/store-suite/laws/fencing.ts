import { nodeId, turnId } from "@pawl/core";
import type { Fence } from "@pawl/core/ports";
import { textDelta } from "../fixtures.ts";
import type { Held } from "../held.ts";
import { chapter } from "../store-case.ts";
import { HOUR_MS, type StoreTest } from "../store-test.ts";

/** Everything that a session's holder can write, or is told on the strength of its fence. */
const VERBS: Record<string, (t: StoreTest, held: Held, fence: Fence) => Promise<unknown>> = {
  append: (t, held, fence) => t.store.log.append(fence, held.texts("late")),
  next: (t, _held, fence) => t.store.inbox.next(fence),
  checkpoint: (t, held, fence) =>
    t.store.inbox.checkpoint(fence, turnId("turn_s1"), () => held.row(textDelta("late"))),
  commit: async (t, held, fence) => t.store.sessions.commit(fence, await held.ending()),
  beginTurn: async (t, held, fence) => t.store.sessions.beginTurn(fence, await held.newTurn(["in_behind"])),
  "release as idle": (t, _held, fence) => t.store.leases.release(fence, { type: "idle" }),
  "release to park": (t, _held, fence) => t.store.leases.release(fence, { type: "park" }),
  "release to retry": (t, _held, fence) => t.store.leases.release(fence, { type: "retry", delayMs: 0 }),
  "release as blocked": (t, _held, fence) =>
    t.store.leases.release(fence, { type: "blocked", code: "x", message: "y" }),
};

/** How a holder stops being one. Each gives the fence with which it then tries to write. */
const LOSSES: Record<string, (t: StoreTest, held: Held) => Promise<Fence>> = {
  "whose node was opened again": async (t, held) => {
    await t.node("node-of-s1");
    return held.fence;
  },
  "whose node was opened again and whose session was claimed": async (t, held) => {
    await t.hold(await t.node("node-of-s1"));
    return held.fence;
  },
  "whose node was closed": async (t, held) => {
    await t.store.leases.closeNode(held.fence.node);
    return held.fence;
  },
  "that left the session to another node": async (t, held) => {
    await held.retry(0);
    await t.hold(await t.node("node-b"));
    return held.fence;
  },
  "that left the session and claimed it again": async (t, held) => {
    await held.retry(0);
    await t.claim(held.fence.node, "s1");
    return held.fence;
  },
  "with the right generation and another nonce (D27)": async (_t, { fence }) => ({
    ...fence,
    node: { ...fence.node, nonce: `${fence.node.nonce}x` },
  }),
  "with another epoch": async (_t, { fence }) => ({ ...fence, epoch: fence.epoch + 1 }),
  "of another session": async (t) => (await t.working("s2")).fence,
  "that nobody knows": async (_t, { fence }) => ({
    ...fence,
    node: { ...fence.node, nodeId: nodeId("ghost") },
  }),
};

export const fencingLaw = chapter("Law: a superseded writer writes nothing", (add) => {
  for (const [loss, lose] of Object.entries(LOSSES)) {
    add(`S15 D1 a holder ${loss} can write nothing`, async (t) => {
      const held = await t.working();
      await t.accept("in_behind");
      await t.accept("in_steer", "s1", { delivery: "steer" });
      let fence = await lose(t, held);
      // The fence of another session is tried on the rows and turn of this one.
      if (fence.sessionId !== held.fence.sessionId) fence = { ...fence, sessionId: held.fence.sessionId };
      for (const [verb, write] of Object.entries(VERBS)) {
        await t.unchanged(["s1"], () => t.refused(write(t, held, fence), "store_fenced", verb));
      }
    });
  }

  add("S15 D1 who holds it then is not disturbed by those who try", async (t) => {
    const old = await t.working();
    const now = await t.hold(await t.node("node-of-s1"));
    await t.refused(old.append("late"), "store_fenced");
    await t.refused(old.park(), "store_fenced");
    await now.append("mine");
    now.begunWith = ["in_s1"];
    t.expect((await now.end()).sequence).toBe(0);
  });

  add(
    "S15 D1 a take-over and a write in the same moment: it is in the log that the next one reads, or nowhere",
    async (t) => {
      await t.accept("in_s1");
      const first = await t.hold(await t.node("node-x"));
      await first.begin(["in_s1"]);
      let held = first;
      for (let round = 0; round < 25; round++) {
        const lines = Array.from({ length: 1 + (round % 4) }, (_, i) => `round ${round} line ${i}`);
        const before = held.head;
        const rows = held.texts(...lines);
        const writing = t.store.log.append(held.fence, rows).then(
          () => "written",
          (error: { code?: string }) => error.code ?? String(error),
        );
        if (round % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
        const next = await t.hold(await t.node("node-x"));
        const heads = next.claim.logHead;
        const how = await writing;
        t.expect(["written", "store_fenced"].includes(how), `ended as ${how}`).toBe(true);
        t.expect(heads, `after ${how}`).toBe(how === "written" ? before + rows.length : before);
        await next.append(`claimed in round ${round}`);
        const log = await t.store.log.read(held.fence.sessionId, { after: before });
        t.expect(log.map((row) => row.body)).toEqual([
          ...(how === "written" ? lines.map(textDelta) : []),
          textDelta(`claimed in round ${round}`),
        ]);
        held = next;
      }
    },
  );

  add(
    "S15 D1 a take-over and a commit in the same moment: it is committed for all, or for none",
    async (t) => {
      for (let round = 0; round < 12; round++) {
        const session = `s${round}`;
        await t.accept(`in_${session}`, session);
        const held = await t.hold(await t.node("node-x"), session);
        await held.begin([`in_${session}`]);
        const boundary = await held.ending();
        const committing = t.store.sessions.commit(held.fence, boundary).then(
          (result) => result.status as string,
          (error: { code?: string }) => error.code ?? String(error),
        );
        if (round % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
        const next = await t.node("node-x", HOUR_MS);
        const [claim] = await t.claim(next, session);
        const how = await committing;
        t.expect(["committed", "store_fenced"].includes(how), `ended as ${how}`).toBe(true);
        const record = await t.store.sessions.load(held.fence.sessionId);
        if (how === "committed") {
          t.expect([claim, record?.openTurn, record?.revision]).toEqual([undefined, null, 1]);
        } else {
          t.expect([claim?.openTurn, record?.openTurn, record?.revision]).toEqual([held.turn, held.turn, 0]);
        }
      }
    },
  );
});
