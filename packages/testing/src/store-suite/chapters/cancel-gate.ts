import { inputId, sessionId, type TurnOutcome, turnId, turnIdOfInput } from "@pawl/core";
import type { SessionRecord } from "@pawl/core/ports";
import { COMPLETED } from "../fixtures.ts";
import { chapter } from "../store-case.ts";
import { HOUR_MS } from "../store-test.ts";

const S1 = sessionId("s1");
const T1 = turnId("turn_s1");
const PERSON = { requestId: "c1", origin: "person", reason: "enough" };

export const cancelGateChapter = chapter("The cancel gate", (add) => {
  add("D18 a turn that nobody knows is unknown", async (t) => {
    t.expect(await t.store.sessions.requestCancel(turnId("turn_none"), PERSON)).toEqual({
      status: "unknown",
    });
    t.expect(await t.store.sessions.pendingCancel(turnId("turn_none"))).toBe(null);
  });

  add("D18 the first request stays; later ones, also the same again, learn of it", async (t) => {
    const { sessions } = t.store;
    await t.working();
    const first = await sessions.requestCancel(T1, PERSON);
    const evidence = await sessions.pendingCancel(T1);
    t.expect(first).toEqual({ status: "requested", evidence });
    t.expect({ ...evidence, requestedAt: 0 }).toEqual({ ...PERSON, requestedAt: 0 });
    for (const request of [PERSON, { requestId: "c2", origin: "host" }]) {
      t.expect(await sessions.requestCancel(T1, request)).toEqual({ status: "already_requested", evidence });
    }
    t.expect(await sessions.pendingCancel(T1)).toEqual(evidence);
  });

  add("D18 a reason is not needed, and none is made up", async (t) => {
    await t.working();
    await t.store.sessions.requestCancel(T1, { requestId: "c1", origin: "person" });
    const evidence = await t.store.sessions.pendingCancel(T1);
    t.expect(Object.keys(evidence ?? {}).sort()).toEqual(["origin", "requestId", "requestedAt"]);
  });

  add("D18 a turn that has not begun can be cancelled by the name that its input gives it", async (t) => {
    await t.accept("in_1");
    const turn = turnIdOfInput(inputId("in_1"));
    t.expect((await t.store.sessions.requestCancel(turn, PERSON)).status).toBe("requested");
    const held = await t.hold(await t.node());
    t.expect((await t.store.inbox.next(held.fence))?.inputId).toBe("in_1");
    await held.begin(["in_1"]);
    t.expect((await t.store.sessions.pendingCancel(turn))?.requestId).toBe("c1");
    t.expect((await held.commit()).status).toBe("cancelled_first");
  });

  add("D18 an input whose turn was cancelled is due at once", async (t) => {
    const { acceptedAt } = await t.accept("in_0", "s0");
    await t.accept("in_1", "s1", { at: acceptedAt + HOUR_MS });
    const node = await t.node();
    t.expect(await t.claim(node, "s1")).toEqual([]);
    await t.store.sessions.requestCancel(turnIdOfInput(inputId("in_1")), PERSON);
    const held = await t.hold(node);
    t.expect((await t.store.inbox.next(held.fence))?.inputId).toBe("in_1");
  });

  for (const outcome of [COMPLETED, { status: "failed", code: "x", message: "y" }] as TurnOutcome[]) {
    add(
      `D18 a request before the seal wins over \`${outcome.status}\`, and nothing is written`,
      async (t) => {
        const held = await t.working();
        await t.store.sessions.requestCancel(T1, PERSON);
        const evidence = await t.store.sessions.pendingCancel(T1);
        await t.unchanged(["s1"], async () => {
          t.expect(await held.commit({ outcome })).toEqual({ status: "cancelled_first", evidence });
        });
        const cancelled = { status: "cancelled" as const, evidence: evidence! };
        const receipt = await held.end({ outcome: cancelled });
        t.expect(receipt.outcome).toEqual(cancelled);
        t.expect(receipt.sequence).toBe(0);
      },
    );
  }

  add("D18 after the end the gate is sealed: who won is said", async (t) => {
    const { sessions } = t.store;
    const held = await t.working();
    await held.end();
    const won = { status: "completion_won", outcome: COMPLETED };
    t.expect(await sessions.requestCancel(T1, PERSON)).toEqual(won);
    t.expect(await sessions.pendingCancel(T1)).toBe(null);
    t.expect(await t.claimedIds(await t.node("node-b"))).toEqual([]);
  });

  add("D18 a cancelled turn stays cancelled by its first request", async (t) => {
    const { sessions } = t.store;
    const held = await t.working();
    await sessions.requestCancel(T1, PERSON);
    const evidence = (await sessions.pendingCancel(T1))!;
    await held.end({ outcome: { status: "cancelled", evidence } });
    t.expect(await sessions.pendingCancel(T1)).toBe(null);
    t.expect(await sessions.requestCancel(T1, { requestId: "c2", origin: "host" })).toEqual({
      status: "already_requested",
      evidence,
    });
  });

  add("D4 D16 a request wakes a turn that waits or is blocked, with no worker alive", async (t) => {
    const states: (SessionRecord | null)[] = [];
    for (const how of [
      { type: "park" as const },
      { type: "blocked" as const, code: "nondeterminism_detected", message: "It differs." },
    ]) {
      const session = `s-${how.type}`;
      const held = await t.working(session);
      await t.store.leases.release(held.fence, how);
      const node = await t.node();
      t.expect(await t.claim(node, session)).toEqual([]);
      await t.store.sessions.requestCancel(turnIdOfInput(inputId(`in_${session}`)), PERSON);
      await t.hold(node, session);
      states.push(await t.store.sessions.load(sessionId(session)));
    }
    t.expect(states.map((record) => [record?.parked, record?.blocked])).toEqual([
      [false, null],
      [false, null],
    ]);
  });

  add("D18 a request concerns its turn and not the next one", async (t) => {
    const held = await t.working();
    await t.accept("in_2");
    await t.store.sessions.requestCancel(T1, PERSON);
    const evidence = (await t.store.sessions.pendingCancel(T1))!;
    await held.end({ outcome: { status: "cancelled", evidence } });
    await held.begin(["in_2"]);
    t.expect((await held.end()).outcome).toEqual(COMPLETED);
    t.expect((await t.store.sessions.load(S1))?.revision).toBe(2);
  });
});
