import { type LogRow, PRUNE_KINDS, sessionId } from "@pawl/core";
import { textDelta } from "../fixtures.ts";
import type { Held } from "../held.ts";
import { count, EVER, NEVER, prune } from "../pruning.ts";
import { chapter } from "../store-case.ts";
import type { StoreTest } from "../store-test.ts";
import { addPrunedRecords } from "./pruned-records.ts";

const S1 = sessionId("s1");
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

  addPrunedRecords(add);
});
