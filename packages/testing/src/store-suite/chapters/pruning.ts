import {
  inputId,
  type LogRow,
  PRUNE_KINDS,
  type ProcessEventBody,
  type PruneKind,
  processId,
  sessionId,
} from "@pawl/core";
import { newAwaitEvent, newProcess, textDelta } from "../fixtures.ts";
import type { Held } from "../held.ts";
import { chapter } from "../store-case.ts";
import type { StoreTest } from "../store-test.ts";

const S1 = sessionId("s1");
/** Later than anything that a case does, and earlier. */
const EVER = Date.UTC(2100, 0, 1);
const NEVER = 0;

function prune(t: StoreTest, kind: PruneKind, limit = 100): Promise<number> {
  return t.store.retention.prune({ kind, before: EVER, limit });
}

function count(t: StoreTest, kind: PruneKind, before = EVER): Promise<number> {
  return t.store.retention.countPrunable({ kind, before });
}

/** A session whose only turn has ended, with streamed text before and after another row. */
async function ended(t: StoreTest, session = "s1", input = `in_${session}`): Promise<Held> {
  const held = await t.working(session, input);
  await streamed(t, held);
  await held.end();
  await held.idle();
  return held;
}

async function streamed(t: StoreTest, held: Held): Promise<void> {
  await held.append("one", "two", "three");
  const settled = held.row({
    kind: "step_done",
    effectId: "e" as never,
    stepId: "s",
    value: { text: "stays" },
  });
  await t.store.log.append(held.fence, [settled]);
  held.head += 1;
  await held.append("four");
}

const shape = (rows: readonly LogRow[]) =>
  rows.map(({ seq, body }) => [seq, body.kind === "pruned" ? `${body.rows} of ${body.what}` : body.kind]);

export const pruningChapter = chapter("Pruning", (add) => {
  add(
    "D24 streamed text of a turn that ended is replaced by rows that say how many there were",
    async (t) => {
      await ended(t);
      const before = await t.picture("s1");
      t.expect(await count(t, "text")).toBe(1);
      t.expect(shape(before.log).map(([seq]) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      t.expect(await prune(t, "text")).toBe(1);
      const after = await t.picture("s1");
      t.expect(shape(after.log)).toEqual([
        [1, "machine_input"],
        [4, "3 of text"],
        [5, "step_done"],
        [6, "1 of text"],
        [7, "turn_committed"],
      ]);
      t.expect({ ...after, log: [] }).toEqual({ ...before, log: [] });
      t.expect(after.log.filter(({ body }) => body.kind !== "pruned")).toEqual(
        before.log.filter(({ body }) => body.kind !== "text_delta"),
      );
      t.expect([await prune(t, "text"), await count(t, "text")]).toEqual([0, 0]);
    },
  );

  add(
    "D8 the log of a turn that ended is replaced by one row; everything else of the session stays",
    async (t) => {
      const held = await ended(t);
      const turn = held.claim.sessionId === S1 ? (await t.store.sessions.receipts(S1))[0]!.runId : undefined;
      const before = await t.picture("s1");
      t.expect(await count(t, "turns")).toBe(1);
      t.expect(await prune(t, "turns")).toBe(1);
      const after = await t.picture("s1");
      t.expect(shape(after.log)).toEqual([
        [6, "6 of turn"],
        [7, "turn_committed"],
      ]);
      t.expect({ ...after, log: [] }).toEqual({ ...before, log: [] });
      t.expect((await t.store.sessions.loadCommitted(turn!)) === null).toBe(false);
      t.expect(shape(await t.store.log.read(S1, { turnId: turn! }))).toEqual(shape(after.log));
      t.expect(shape(await t.store.log.read(S1, { after: 6 }))).toEqual([[7, "turn_committed"]]);
      t.expect(await prune(t, "turns")).toBe(0);
    },
  );

  add("D24 a turn whose text was pruned before counts all of its rows when the rest goes", async (t) => {
    await ended(t);
    await prune(t, "text");
    t.expect(await prune(t, "turns")).toBe(1);
    t.expect(shape(await t.store.log.read(S1))).toEqual([
      [6, "6 of turn"],
      [7, "turn_committed"],
    ]);
    t.expect([await count(t, "text"), await count(t, "turns")]).toEqual([0, 0]);
  });

  add("D5 D8 the session goes on: numbers continue, and an ended turn takes no more rows", async (t) => {
    await ended(t);
    await prune(t, "turns");
    await t.accept("in_2");
    const held = await t.hold(await t.node("later"));
    t.expect(held.head).toBe(7);
    await held.begin(["in_2"]);
    await held.append("goes on");
    await held.end();
    t.expect((await t.store.log.read(S1)).map(({ seq }) => seq)).toEqual([6, 7, 8, 9, 10]);
    const late = { ...held.row(textDelta("late")), turnId: held.claim.openTurn ?? ("turn_s1" as never) };
    await t.refused(t.store.log.append(held.fence, [late]), "store_conflict");
  });

  add("D8 an open turn loses nothing, while others are pruned beside it", async (t) => {
    await ended(t, "s2");
    const held = await t.working("s1");
    await streamed(t, held);
    const before = await t.picture("s1");
    t.expect([await prune(t, "text"), await prune(t, "turns")]).toEqual([1, 1]);
    t.expect(await t.picture("s1")).toEqual(before);
    await held.append("goes on");
    t.expect((await held.end()).boundary).toBe("turn_end");
  });

  add("D8 the source of a fork stays as long as the fork can be replayed", async (t) => {
    const source = await ended(t, "s1");
    const turn = (await t.store.sessions.receipts(S1))[0]!.runId;
    await t.accept("in_fork", "s2");
    const fork = await t.hold(await t.node("forker"), "s2");
    const begin = await fork.newTurn(["in_fork"]);
    const { body } = begin.row;
    if (body.kind !== "machine_input") throw new Error("A turn begins with an input of the machine.");
    const forkOf = { sessionId: source.fence.sessionId, turnId: turn, at: 0 };
    const row = { ...begin.row, body: { ...body, turn: { ...body.turn!, forkOf } } };
    await t.store.sessions.beginTurn(fork.fence, { ...begin, row });
    fork.turn = begin.turnId;
    fork.begunWith = ["in_fork"];
    fork.head += 1;
    t.expect(await prune(t, "turns")).toBe(0);
    await fork.end();
    t.expect(await count(t, "turns")).toBe(1);
    t.expect(await prune(t, "turns", 1)).toBe(1);
    t.expect(shape(await t.store.log.read(S1))[0]).toEqual([1, "machine_input"]);
    t.expect(await prune(t, "turns")).toBe(1);
    t.expect(shape(await t.store.log.read(S1))).toEqual([
      [6, "6 of turn"],
      [7, "turn_committed"],
    ]);
  });

  add("batches are bounded, the count tells what all of them come to, and age decides", async (t) => {
    for (const session of ["s1", "s2", "s3"]) await ended(t, session);
    await t.store.leases.closeNode(await t.node("left"));
    for (const kind of PRUNE_KINDS) {
      t.expect([kind, await count(t, kind, NEVER)]).toEqual([kind, 0]);
      t.expect([kind, await t.store.retention.prune({ kind, before: NEVER, limit: 9 })]).toEqual([kind, 0]);
    }
    t.expect(await count(t, "turns")).toBe(3);
    t.expect(await prune(t, "turns", 2)).toBe(2);
    t.expect(await count(t, "turns")).toBe(1);
    t.expect(await prune(t, "turns", 0)).toBe(0);
    t.expect(await prune(t, "turns", 2)).toBe(1);
  });

  add("S17 two that prune at once delete each thing once", async (t) => {
    for (let i = 0; i < 6; i++) await ended(t, `s${i}`);
    const second = await t.second();
    const request = { kind: "turns", before: EVER, limit: 6 } as const;
    const [a, b] = await Promise.all([t.store.retention.prune(request), second.retention.prune(request)]);
    t.expect((a ?? 0) + (b ?? 0) + (await prune(t, "turns"))).toBe(6);
    t.expect(shape(await t.store.log.read(S1)).length).toBe(2);
  });

  add(
    "waits: resolved ones go; what is pending, and what an open turn has still to read, stays",
    async (t) => {
      const { awaits } = t.store;
      const held = await t.working("s1");
      const info = { type: "tool_pending" };
      await awaits.register(newAwaitEvent("of the open turn", "s1", { turnId: held.turn, info }));
      await awaits.register(newAwaitEvent("resolved", null, { info }));
      await awaits.register(newAwaitEvent("pending", null, { info }));
      // What was decided, and its receipt, is kept with the session.
      await awaits.register(newAwaitEvent("approval", null));
      const by = { name: "x", via: "host" } as const;
      for (const key of ["of the open turn", "resolved", "approval"])
        await awaits.resolve(key, { status: "cancelled" }, by);
      t.expect(await count(t, "waits")).toBe(1);
      t.expect(await prune(t, "waits")).toBe(1);
      t.expect(await awaits.load("resolved")).toBe(null);
      t.expect((await awaits.load("pending")) === null).toBe(false);
      t.expect((await awaits.load("approval")) === null).toBe(false);
      t.expect((await awaits.load("of the open turn")) === null).toBe(false);
    },
  );

  add("tasks: those that ended go with their logs, the others stay", async (t) => {
    const { processes } = t.store;
    const append = (id: string, key: string, ...bodies: readonly ProcessEventBody[]) =>
      processes.append({ processId: processId(id), key, bodies });
    for (const id of ["over", "alive"]) {
      const registration = newProcess(id, { disposition: "external" });
      await append(id, "k", { type: "registered", registration }, { type: "grant_added", sessionId: S1 });
    }
    await append("over", "end", { type: "completed", output: 1 });
    t.expect(await count(t, "tasks")).toBe(1);
    t.expect(await prune(t, "tasks")).toBe(1);
    t.expect(await processes.load(processId("over"))).toBe(null);
    t.expect(await processes.events(processId("over"))).toEqual([]);
    t.expect((await processes.list({ sessionId: S1, live: false, limit: 9 })).length).toBe(1);
    t.expect((await processes.load(processId("alive"))) === null).toBe(false);
  });

  add("attachments: what a log, a message or an input names stays, the rest goes", async (t) => {
    const { attachments } = t.store;
    const refs: { [name: string]: string } = {};
    for (const name of ["logged", "said", "sent", "orphan"]) {
      refs[name] = (await attachments.put(`content ${name}`, "text/plain")).ref;
    }
    const held = await t.working("s1");
    await held.append(`see ${refs.logged}`);
    const { delta, ...ending } = await held.ending();
    const messages = [
      { id: "m", role: "user" as const, parts: [{ type: "text" as const, text: refs.said! }] },
    ];
    await t.store.sessions.commit(held.fence, { ...ending, delta: { ...delta!, messages } });
    await t.store.inbox.accept({
      inputId: inputId("in_later"),
      sessionId: sessionId("s2"),
      content: { parts: [{ type: "text", text: `look at ${refs.sent}` }] },
      delivery: "next",
    });
    t.expect(await count(t, "attachments")).toBe(1);
    t.expect(await prune(t, "attachments")).toBe(1);
    const left = await Promise.all(Object.values(refs).map((ref) => attachments.get(ref)));
    t.expect(left.map((one) => one !== null)).toEqual([true, true, true, false]);
    // What only a pruned log named is needed no more.
    t.expect([await prune(t, "turns"), await prune(t, "attachments")]).toEqual([1, 1]);
    t.expect(await attachments.get(refs.logged!)).toBe(null);
  });

  add(
    "attachments: what was put since the oldest open turn began stays, its row may be on its way",
    async (t) => {
      const { attachments } = t.store;
      await attachments.put("old", "text/plain");
      let looks = 0;
      await t.until("time has passed", async () => (++looks > 1 ? true : undefined));
      const held = await t.working("s1");
      t.expect(await prune(t, "attachments")).toBe(1);
      const { ref } = await attachments.put("new", "text/plain");
      t.expect(await prune(t, "attachments")).toBe(0);
      t.expect((await attachments.get(ref)) === null).toBe(false);
      await held.end();
      t.expect(await prune(t, "attachments")).toBe(1);
    },
  );

  add("D27 nodes: those whose lease is over and that own nothing go, and may come back", async (t) => {
    const { leases } = t.store;
    const alive = await t.node("alive");
    const gone = await t.node("gone", 1);
    await t.working("s1");
    await t.until("the lease is over", async () => ((await prune(t, "nodes")) === 1 ? true : undefined));
    t.expect([await prune(t, "nodes"), await count(t, "nodes")]).toEqual([0, 0]);
    await t.refused(leases.renewNode(gone), "store_fenced");
    await leases.renewNode(alive);
    const again = await t.node("gone");
    await t.refused(leases.renewNode(gone), "store_fenced");
    await leases.renewNode(again);
    t.expect(again.nonce === gone.nonce).toBe(false);
  });

  add("tokens: those that expired or were revoked go, whatever still lets somebody in stays", async (t) => {
    const { tokens } = t.store;
    const ttls = { plain: undefined, long: 3_600_000, short: 1, revoked: undefined, both: 3_600_000 };
    for (const [tokenId, ttlMs] of Object.entries(ttls)) {
      await tokens.create({
        tokenId,
        digest: `digest of ${tokenId}`,
        principal: "alice",
        ...(ttlMs !== undefined && { ttlMs }),
      });
    }
    for (const id of ["revoked", "both"]) await tokens.revoke(id);
    // Only what has not been valid for a while: in the moment of its end it stays.
    await t.until("three let nobody in any more", async () =>
      (await count(t, "tokens")) === 3 ? true : undefined,
    );
    t.expect(await count(t, "tokens", NEVER)).toBe(0);
    t.expect([await prune(t, "tokens", 2), await prune(t, "tokens"), await count(t, "tokens")]).toEqual([
      2, 1, 0,
    ]);
    t.expect((await tokens.list({ limit: 9 })).map(({ tokenId }) => tokenId).sort()).toEqual([
      "long",
      "plain",
    ]);
    for (const id of Object.keys(ttls)) {
      const isValid = (await tokens.find(`digest of ${id}`)) !== null;
      t.expect([id, isValid]).toEqual([id, id === "plain" || id === "long"]);
    }
  });
});
