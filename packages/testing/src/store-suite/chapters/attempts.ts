import { chapter } from "../store-case.ts";
import type { StoreTest } from "../store-test.ts";

/** Claims the session with a new generation of one node: whoever held it died. */
async function crashAndClaim(t: StoreTest) {
  return t.hold(await t.node("node-x"));
}

export const attemptsChapter = chapter("Attempts", (add) => {
  add("D17 deaths that leave no trace in the log are counted", async (t) => {
    await t.accept("in_1");
    const attempts = [];
    for (let i = 0; i < 4; i++) attempts.push((await crashAndClaim(t)).claim.attempts);
    t.expect(attempts).toEqual([0, 1, 2, 3]);
  });

  add("D17 so are retries that leave no trace", async (t) => {
    await t.accept("in_1");
    const attempts = [];
    for (let i = 0; i < 3; i++) {
      const held = await crashAndClaim(t);
      attempts.push(held.claim.attempts);
      await held.retry(0);
    }
    t.expect(attempts).toEqual([0, 1, 2]);
  });

  add("D17 a log that has grown begins the count again", async (t) => {
    await t.accept("in_1");
    await crashAndClaim(t);
    const second = await crashAndClaim(t);
    t.expect(second.claim.attempts).toBe(1);
    await second.begin(["in_1"]);
    const attempts = [];
    for (let i = 0; i < 3; i++) attempts.push((await crashAndClaim(t)).claim.attempts);
    t.expect(attempts).toEqual([0, 1, 2]);
  });

  add("D17 waiting is no failure", async (t) => {
    const held = await t.working();
    await held.park();
    const attempts = [];
    for (let i = 0; i < 4; i++) {
      await t.accept(`in_now_${i}`, "s1", { delivery: "interrupt" });
      const again = await crashAndClaim(t);
      attempts.push(again.claim.attempts);
      await again.park();
    }
    t.expect(attempts).toEqual([0, 0, 0, 0]);
  });

  add("D17 nor is a redeploy, nor finding that there is nothing to do", async (t) => {
    const held = await t.working();
    await held.retry(0);
    const attempts = [];
    for (let i = 0; i < 3; i++) {
      const node = await t.node(`deploy-${i}`);
      attempts.push((await t.hold(node)).claim.attempts);
      await t.store.leases.closeNode(node);
    }
    for (let i = 0; i < 3; i++) {
      const again = await t.hold(await t.node("node-y"));
      attempts.push(again.claim.attempts);
      await again.idle();
    }
    // The log had grown before the retry; a redeploy neither adds nor forgives.
    t.expect(attempts).toEqual([0, 0, 0, 0, 0, 0]);
  });

  add("D17 sessions are counted apart", async (t) => {
    await t.accept("in_1", "s1");
    await t.accept("in_2", "s2");
    for (let i = 0; i < 3; i++) await crashAndClaim(t);
    t.expect((await crashAndClaim(t)).claim.attempts).toBe(3);
    t.expect((await t.hold(await t.node("node-y"), "s2")).claim.attempts).toBe(0);
  });
});
