import { inputId, sessionId, turnId } from "@pawl/core";
import { textDelta } from "../fixtures.ts";
import { chapter } from "../store-case.ts";
import { HOUR_MS } from "../store-test.ts";

const S1 = sessionId("s1");
const BLOCKED = { type: "blocked", code: "nondeterminism_detected", message: "It differs." } as const;

export const waitingChapter = chapter("Waiting", (add) => {
  add("D16 a parked turn is shown as such, and nobody is sent to it", async (t) => {
    const held = await t.working();
    t.expect(await held.park()).toBe(true);
    const record = await t.store.sessions.load(S1);
    t.expect([record?.parked, record?.openTurn]).toEqual([true, "turn_s1"]);
    t.expect(await t.claim(await t.node("b"))).toEqual([]);
    await t.refused(held.append("late"), "store_fenced");
  });

  add("D16 inputs behind a parked turn wait for it, and a steer waits too", async (t) => {
    const held = await t.working();
    await held.park();
    const node = await t.node("b");
    await t.accept("in_next");
    await t.accept("in_steer", "s1", { delivery: "steer" });
    t.expect(await t.claim(node)).toEqual([]);
    t.expect(await t.claim(node, "s1")).toEqual([]);
  });

  add("D16 an interrupt ends the wait", async (t) => {
    const held = await t.working();
    await held.park();
    await t.accept("in_now", "s1", { delivery: "interrupt" });
    const again = await t.hold(await t.node("b"));
    t.expect(again.claim.openTurn).toBe("turn_s1");
    t.expect((await t.store.sessions.load(S1))?.parked).toBe(false);
    const { inputs } = await t.store.inbox.checkpoint(again.fence, turnId("turn_s1"), () =>
      again.row(textDelta("interrupted")),
    );
    t.expect(inputs.map((input) => input.inputId)).toEqual(["in_now"]);
  });

  add("D16 an interrupt is told of while it is queued and due, and no other input is", async (t) => {
    const told = () => t.store.inbox.isInterrupted(S1);
    t.expect(await told()).toBe(false);
    const held = await t.working();
    const { acceptedAt } = await t.accept("in_steer", "s1", { delivery: "steer" });
    await t.accept("in_later", "s1", { delivery: "interrupt", at: acceptedAt + HOUR_MS });
    await t.accept("in_other", "s2", { delivery: "interrupt" });
    t.expect(await told()).toBe(false);
    await t.accept("in_now", "s1", { delivery: "interrupt" });
    t.expect(await told()).toBe(true);
    await t.store.inbox.checkpoint(held.fence, turnId("turn_s1"), () => held.row(textDelta("seen")));
    t.expect(await told()).toBe(false);
  });

  add("D16 an interrupt with a time ends the wait when its time comes, also after other wakes", async (t) => {
    const held = await t.working();
    const { acceptedAt } = await t.accept("in_now", "s1", { delivery: "interrupt" });
    await t.accept("in_soon", "s1", { delivery: "interrupt", at: acceptedAt + 400 });
    await t.accept("in_later", "s1", { delivery: "interrupt", at: acceptedAt + HOUR_MS });
    t.expect(await held.park()).toBe(false);
    await held.retry(0);
    const node = await t.node("b");
    const again = await t.hold(node);
    // Unless the second came due meanwhile, there is nothing to look at now.
    if (!(await again.park())) await again.retry(0);
    const third = await t.until("the interrupt is due", async () => (await t.claim(node, "s1"))[0]);
    t.expect(third.openTurn).toBe("turn_s1");
  });

  add("D16 an interrupt that is not due yet refuses no park and wakes nobody", async (t) => {
    const held = await t.working();
    const { acceptedAt } = await t.accept("in_0", "s0");
    await t.accept("in_later", "s1", { delivery: "interrupt", at: acceptedAt + HOUR_MS });
    t.expect(await held.park()).toBe(true);
    t.expect(await t.claim(await t.node("b"), "s1")).toEqual([]);
  });

  add("D15 a due time ends the wait with no waiter alive, and not before", async (t) => {
    const { acceptedAt } = await t.accept("in_0", "s0");
    await (await t.working("far")).park(acceptedAt + HOUR_MS);
    await (await t.working("near")).park(acceptedAt + 300);
    await (await t.working("never")).park();
    const node = await t.node("b");
    await t.hold(node, "s0");
    const claims = await t.until("the wait is due", async () => {
      const claims = await t.claim(node);
      return claims.length > 0 ? claims : undefined;
    });
    t.expect(claims.map((claim) => claim.sessionId)).toEqual(["near"]);
  });

  add("D16 a wake between looking and parking refuses the park, and the session stays owned", async (t) => {
    const held = await t.working();
    await t.accept("in_now", "s1", { delivery: "interrupt" });
    t.expect(await held.park()).toBe(false);
    t.expect(await t.claim(await t.node("b"))).toEqual([]);
    t.expect((await t.store.sessions.load(S1))?.parked).toBe(false);
    await held.append("still mine");
    t.expect(await held.retry(0)).toBe(true);
  });

  add("D18 a cancel request refuses a park as well", async (t) => {
    const held = await t.working();
    await t.store.sessions.requestCancel(turnId("turn_s1"), { requestId: "c", origin: "person" });
    t.expect(await held.park()).toBe(false);
    await held.append("still mine");
  });

  add("D16 a claim clears the mark, so that who has looked can park", async (t) => {
    const held = await t.working();
    await t.accept("in_now", "s1", { delivery: "interrupt" });
    t.expect(await held.park()).toBe(false);
    await held.retry(0);
    const again = await t.hold(await t.node("b"));
    t.expect(await again.park()).toBe(true);
    t.expect(await t.claim(await t.node("c"))).toEqual([]);
  });

  add("D16 who dies right after the claim that a wake brought about loses no wake", async (t) => {
    const { acceptedAt } = await t.accept("in_0", "s0");
    const interrupted = await t.working("s1");
    await interrupted.park();
    await t.accept("in_now", "s1", { delivery: "interrupt" });
    const due = await t.working("s2");
    await due.park(acceptedAt);
    const node = await t.node("b");
    t.expect([...(await t.claimedIds(node))].sort()).toEqual(["s0", "s1", "s2"]);
    await t.node("b");
    t.expect([...(await t.claimedIds(await t.node("c")))].sort()).toEqual(["s0", "s1", "s2"]);
  });

  add("D16 only an open turn can be parked", async (t) => {
    const held = await t.working();
    await held.end();
    await t.unchanged(["s1"], () => t.refused(held.park(), "store_conflict"));
    t.expect(await held.idle()).toBe(true);
  });

  add("D16 a turn that waited goes on and ends like any other", async (t) => {
    const held = await t.working();
    await held.append("before");
    await held.park();
    await t.accept("in_now", "s1", { delivery: "interrupt" });
    const again = await t.hold(await t.node("b"));
    await again.append("after");
    again.begunWith = ["in_s1"];
    await again.end();
    await again.idle();
    const record = await t.store.sessions.load(S1);
    t.expect([record?.parked, record?.openTurn, record?.runtimeState]).toEqual([false, null, "idle"]);
    t.expect(await t.claimedIds(await t.node("c"))).toEqual(["s1"]);
    t.expect((await t.store.inbox.load(inputId("in_now")))?.state).toBe("queued");
  });

  add("D7 a blocked turn is shown with its reason, and is not tried by itself", async (t) => {
    const held = await t.working();
    t.expect(await t.store.leases.release(held.fence, BLOCKED)).toBe(true);
    const { code, message } = BLOCKED;
    t.expect((await t.store.sessions.load(S1))?.blocked).toEqual({ code, message });
    await t.accept("in_next");
    t.expect(await t.claim(await t.node("b"))).toEqual([]);
  });

  add("D7 a blocked turn can be woken, and then it is not blocked any more", async (t) => {
    const held = await t.working();
    await t.store.leases.release(held.fence, BLOCKED);
    await t.accept("in_now", "s1", { delivery: "interrupt" });
    const again = await t.hold(await t.node("b"));
    t.expect(again.claim.openTurn).toBe("turn_s1");
    t.expect((await t.store.sessions.load(S1))?.blocked).toBe(null);
  });
});
