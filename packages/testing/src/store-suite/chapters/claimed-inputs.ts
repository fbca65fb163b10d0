import { inputId, nodeId, sessionId } from "@pawl/core";
import type { Accepted, NewInput, NodeLease, SessionClaim } from "@pawl/core/ports";
import { newInput } from "../fixtures.ts";
import { Held } from "../held.ts";
import { chapter } from "../store-case.ts";
import { HOUR_MS, type StoreTest } from "../store-test.ts";

const S1 = sessionId("s1");

/** Accepts for a node that would drive it, and what was claimed for that. */
async function enter(
  t: StoreTest,
  lease: NodeLease,
  id: string,
  session = "s1",
  more: Partial<NewInput> = {},
): Promise<Accepted & { readonly claim?: SessionClaim }> {
  const claims: SessionClaim[] = [];
  let isOver = false;
  const accepted = await t.store.inbox.accept(newInput(id, session, more), {
    claim: {
      lease,
      taken: (claim) => {
        t.expect(isOver, "told before it is accepted").toBe(false);
        claims.push(claim);
      },
    },
  });
  isOver = true;
  t.expect(claims.length <= 1, "claimed at most once").toBe(true);
  const [claim] = claims;
  return { ...accepted, ...(claim !== undefined && { claim }) };
}

/** It was accepted and not claimed. */
async function onlyAccepts(
  t: StoreTest,
  claim: NodeLease,
  id: string,
  session = "s1",
  more: Partial<NewInput> = {},
): Promise<void> {
  const accepted = await enter(t, claim, id, session, more);
  t.expect([accepted.claim, accepted.duplicate, accepted.input.state]).toEqual([undefined, false, "queued"]);
}

export const claimedInputsChapter = chapter("Claimed inputs", (add) => {
  add("an input that is all there is to do is claimed with it, as a claim after it would", async (t) => {
    const [a, b] = [await t.node("a"), await t.node("b")];
    const { input, claim, duplicate } = await enter(t, a, "in_1");
    t.expect(duplicate).toBe(false);
    t.expect(await t.store.inbox.load(inputId("in_1"))).toEqual(input);
    t.expect(claim).toEqual({
      sessionId: S1,
      fence: { node: a, sessionId: S1, epoch: claim?.fence.epoch },
      logHead: 0,
      openTurn: null,
      attempts: 0,
      next: { input, base: { revision: 0, messages: 0 }, cancel: null },
    });
    for (const node of [a, b]) t.expect(await t.claim(node, "s1")).toEqual([]);
    t.expect((await t.store.sessions.load(S1))?.holder).toBe("a");
    const held = new Held(t.store, claim!);
    t.expect(await t.store.inbox.next(held.fence)).toEqual(input);
    await held.begin(["in_1"]);
    await held.end();
    await held.idle();
    t.expect((await t.store.sessions.load(S1))?.revision).toBe(1);
  });

  add(
    "D1 D5 so is one of a session that was driven before: its epoch rises and its log goes on",
    async (t) => {
      const first = await t.working();
      await first.append("a", "b");
      await first.end();
      await first.idle();
      const a = await t.node("a");
      const { claim, input } = await enter(t, a, "in_2");
      t.expect([claim?.logHead, claim?.attempts]).toEqual([first.head, 0]);
      t.expect(claim?.next).toEqual({ input, base: { revision: 1, messages: 2 }, cancel: null });
      t.expect((claim?.fence.epoch ?? 0) > first.fence.epoch).toBe(true);
      await t.refused(t.store.inbox.next(first.fence), "store_fenced");
      const held = new Held(t.store, claim!);
      await held.begin(["in_2"]);
      await held.append("c");
      await held.end();
      t.expect((await t.store.log.read(S1)).map(({ seq }) => seq)).toEqual(
        Array.from({ length: held.head }, (_, index) => index + 1),
      );
    },
  );

  add("what waits in a session comes first: then the input is accepted and nothing else", async (t) => {
    const node = await t.node("a");
    const { acceptedAt } = await t.accept("in_0", "queued");
    await onlyAccepts(t, node, "in_queued", "queued");
    await t.accept("in_later", "delayed", { at: acceptedAt + HOUR_MS });
    await onlyAccepts(t, node, "in_delayed", "delayed");
    await t.working("open");
    await onlyAccepts(t, node, "in_open2", "open");
    const parked = await t.working("parked");
    await parked.park();
    await onlyAccepts(t, node, "in_parked2", "parked");
    const blocked = await t.working("blocked");
    await t.store.leases.release(blocked.fence, { type: "blocked", code: "c", message: "m" });
    await onlyAccepts(t, node, "in_blocked2", "blocked");
    t.expect([...(await t.claimedIds(node))].sort()).toEqual(["delayed", "queued"]);
  });

  add("nor is it claimed from another holder, in a pause, or while a retry is waited for", async (t) => {
    const node = await t.node("a");
    const other = await enter(t, await t.node("b"), "in_1", "held");
    t.expect(other.claim?.sessionId).toBe("held");
    await onlyAccepts(t, node, "in_2", "held");
    await t.accept("in_3", "paused");
    const paused = await t.hold(node, "paused");
    await paused.begin(["in_3"]);
    await paused.end();
    await paused.idle();
    await t.store.sessions.setPaused(sessionId("paused"), true);
    await onlyAccepts(t, node, "in_4", "paused");
    await t.accept("in_5", "retried");
    const retried = await t.hold(node, "retried");
    await retried.begin(["in_5"]);
    await retried.end();
    await retried.retry(HOUR_MS);
    await onlyAccepts(t, node, "in_6", "retried");
    t.expect(await t.claimedIds(node)).toEqual([]);
    t.expect((await t.store.inbox.next(other.claim!.fence))?.inputId).toBe("in_1");
  });

  add("what does not begin a turn now is accepted as ever", async (t) => {
    const node = await t.node("a");
    const { acceptedAt } = await t.accept("in_0", "s0");
    await onlyAccepts(t, node, "in_1", "s1", { at: acceptedAt + HOUR_MS });
    await onlyAccepts(t, node, "in_2", "s2", { delivery: "steer" });
    await onlyAccepts(t, node, "in_3", "s3", { delivery: "interrupt" });
    await onlyAccepts(t, node, "in_4", "s4", { queue: { mode: "supersede", key: "k" } });
    t.expect([...(await t.claimedIds(node))].sort()).toEqual(["s0", "s2", "s3", "s4"]);
  });

  add("S1 S2 D1 a node that lost its lease, or is paused, claims nothing by it", async (t) => {
    const old = await t.node("a");
    const a = await t.node("a");
    await onlyAccepts(t, old, "in_1", "s1");
    await onlyAccepts(t, { ...a, nonce: "x" }, "in_2", "s2");
    await t.store.leases.setNodePaused(nodeId("a"), true);
    await onlyAccepts(t, a, "in_3", "s3");
    t.expect([...(await t.claimedIds(await t.node("b")))].sort()).toEqual(["s1", "s2", "s3"]);
  });

  add("what was known by its key is answered, and nothing is claimed", async (t) => {
    const node = await t.node("a");
    const key = { idempotencyKey: "k" };
    const first = await enter(t, node, "in_1", "s1", key);
    const held = new Held(t.store, first.claim!);
    await held.begin(["in_1"]);
    await held.end();
    await held.idle();
    const content = newInput("in_1", "s1").content;
    const again = await enter(t, node, "in_2", "s1", { ...key, content });
    t.expect([again.duplicate, again.input.inputId, again.claim]).toEqual([true, "in_1", undefined]);
    await t.refused(enter(t, node, "in_3", "s1", key), "store_conflict");
    await t.refused(enter(t, node, "in_1", "s2"), "store_conflict");
    t.expect((await t.store.sessions.load(S1))?.holder).toBe(null);
    t.expect(await t.claimedIds(node)).toEqual([]);
  });

  add("D17 when that node dies, somebody else drives the input, and it counts as an attempt", async (t) => {
    const { claim } = await enter(t, await t.node("a"), "in_1");
    await t.node("a");
    const next = await t.hold(await t.node("b"));
    t.expect(next.claim.attempts).toBe(1);
    t.expect(next.fence.epoch > (claim?.fence.epoch ?? 0)).toBe(true);
    t.expect((await t.store.inbox.next(next.fence))?.inputId).toBe("in_1");
    await t.refused(t.store.inbox.next(claim!.fence), "store_fenced");
  });

  add("what comes behind it is found by its holder, or when that one leaves", async (t) => {
    const node = await t.node("a");
    const held = new Held(t.store, (await enter(t, node, "in_1")).claim!);
    await held.begin(["in_1"]);
    await onlyAccepts(t, node, "in_2");
    await held.end();
    t.expect((await t.store.inbox.next(held.fence))?.inputId).toBe("in_2");
    await held.idle();
    t.expect(await t.claimedIds(node)).toEqual(["s1"]);
  });

  add("S17 of many at once into one session one is claimed, and all are accepted", async (t) => {
    const [a, b] = [await t.node("a"), await t.node("b")];
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, index) => enter(t, index % 2 === 0 ? a : b, `in_${index}`)),
    );
    t.expect(all.filter(({ claim }) => claim !== undefined).length).toBe(1);
    t.expect((await t.store.inbox.list(S1)).map(({ position }) => position)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });

  add("S17 many at once, each into a session of its own, are claimed as one would be", async (t) => {
    const [a, b] = [await t.node("a"), await t.node("b")];
    const sessions = Array.from({ length: 12 }, (_, index) => `many_${index}`);
    const all = await Promise.all(
      sessions.map((session, index) => enter(t, index % 3 === 0 ? b : a, `in_${index}`, session)),
    );
    for (const [index, { input, claim, duplicate }] of all.entries()) {
      const session = sessionId(sessions[index]!);
      const node = index % 3 === 0 ? b : a;
      t.expect([duplicate, input.position, await t.store.inbox.load(input.inputId)]).toEqual([
        false,
        1,
        input,
      ]);
      t.expect(claim?.fence).toEqual({ node, sessionId: session, epoch: claim?.fence.epoch });
      t.expect(claim?.next?.input).toEqual(input);
      t.expect(await t.store.inbox.next(claim!.fence)).toEqual(input);
    }
    t.expect(await t.claimedIds(a)).toEqual([]);
  });

  add(
    "S17 D9 of many at once each is told of what is wrong with it, and the others are claimed",
    async (t) => {
      const node = await t.node("a");
      const old = await t.node("b");
      await t.node("b");
      const known = await t.accept("in_known", "known", { idempotencyKey: "k" });
      await enter(t, node, "in_held", "held");
      await t.store.sessions.persistRuntimeState(sessionId("retired"), "retired");
      const { content } = known;
      const answers = await Promise.all(
        [
          enter(t, node, "in_1", "s1"),
          enter(t, node, "in_2", "known", { idempotencyKey: "k", content }),
          enter(t, node, "in_known", "s2"),
          enter(t, node, "in_3", "held"),
          enter(t, node, "in_4", "retired"),
          enter(t, old, "in_5", "s3"),
          enter(t, node, "in_6", "known", { idempotencyKey: "k" }),
          enter(t, node, "in_7", "s4"),
        ].map((entering) =>
          entering.then(
            ({ claim, duplicate }) =>
              duplicate ? "duplicate" : claim === undefined ? "accepted" : "claimed",
            ({ code }: { readonly code: string }) => code,
          ),
        ),
      );
      t.expect(answers).toEqual([
        "claimed",
        "duplicate",
        "store_conflict",
        "accepted",
        "session_not_accepting",
        "accepted",
        "store_conflict",
        "claimed",
      ]);
      t.expect((await t.store.inbox.list(sessionId("known"))).length).toBe(1);
      t.expect([...(await t.claimedIds(node))].sort()).toEqual(["known", "s3"]);
    },
  );
});
