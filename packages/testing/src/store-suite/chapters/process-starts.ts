import { foldProcess, nodeId, type ProcessEventBody, type ProcessRegistration, processId } from "@pawl/core";
import type { NodeLease, ProcessAppended } from "@pawl/core/ports";
import { newProcess } from "../fixtures.ts";
import { append, claimOne, ownerOf, P1, register, S1, S2, started } from "../process-log.ts";
import { chapter } from "../store-case.ts";
import type { StoreTest } from "../store-test.ts";

const NAMES = ["import", "export"];

/** Registers, and asks for it in the same breath. */
async function start(
  t: StoreTest,
  lease: NodeLease,
  {
    id = "p1",
    key = "start",
    names = NAMES,
    ...more
  }: Partial<ProcessRegistration> & {
    readonly id?: string;
    readonly key?: string;
    readonly names?: readonly string[];
  } = {},
): Promise<ProcessAppended> {
  const bodies: readonly ProcessEventBody[] = [
    { type: "registered", registration: newProcess(id, more) },
    { type: "grant_added", sessionId: S1 },
    { type: "grant_added", sessionId: S2 },
    { type: "grant_added", sessionId: S1 },
  ];
  return t.store.processes.append({ processId: processId(id), key, bodies, claim: { lease, names } });
}

export const processStartsChapter = chapter("Background tasks that begin where they are asked for", (add) => {
  add("S1 its start is in the log with its registration, and the record is the fold", async (t) => {
    const a = await t.node("node-a");
    const { record, events, duplicate, claim } = await start(t, a, { input: { deep: [1.5, "ünï", null] } });
    t.expect([duplicate, claim?.entered, claim?.record]).toEqual([false, true, record]);
    t.expect(events.map(({ seq, body }) => [seq, body.type])).toEqual([
      [1, "registered"],
      [2, "grant_added"],
      [3, "grant_added"],
    ]);
    const log = await t.store.processes.events(P1);
    t.expect(log.slice(0, 3)).toEqual(events);
    t.expect(log.at(-1)).toEqual({ processId: P1, seq: 4, at: log[0]!.at, body: started(claim!) });
    t.expect(record, "the record is the fold of the log").toEqual(foldProcess(log));
    t.expect(await t.store.processes.load(P1)).toEqual(record);
    t.expect([record.status, record.attempts, record.startsInARow, record.owner, record.grants]).toEqual([
      "running",
      1,
      1,
      ownerOf(claim!),
      [S1, S2],
    ]);
    t.expect((await t.store.processes.list({ sessionId: S2, live: true, limit: 5 })).length).toBe(1);
    const b = await t.node("node-b");
    const request = { names: NAMES, limit: 5 };
    t.expect(await t.store.processes.claim(b, request), "D1 it has its owner").toEqual([]);
    const ended = await append(t, "end", [{ type: "completed", output: 1 }], { claim: claim! });
    t.expect(ended.record.head).toBe(5);
  });

  add("S13 the same key again is the first answer and no second claim", async (t) => {
    const a = await t.node("node-a");
    const first = await start(t, a);
    const again = await start(t, a);
    t.expect([again.duplicate, again.claim, again.events, again.record]).toEqual([
      true,
      undefined,
      first.events,
      first.record,
    ]);
    await t.refused(start(t, a, { input: "other" }), "store_conflict");
    const other = await start(t, a, { key: "other key" });
    t.expect([other.events, other.claim]).toEqual([[], undefined]);
    t.expect((await t.store.processes.events(P1)).length).toBe(4);
  });

  add("what waits for a node comes first: it is claimed then, and this one later", async (t) => {
    await register(t, "first", { name: "export" });
    const a = await t.node("node-a");
    const late = await start(t, a);
    t.expect([late.claim, late.record.status, late.record.attempts]).toEqual([undefined, "registered", 0]);
    const claims = await t.store.processes.claim(a, { names: NAMES, limit: 5 });
    t.expect(claims.map(({ fence }) => fence.processId)).toEqual(["first", "p1"]);
    const next = await start(t, a, { id: "p2" });
    t.expect(next.claim?.entered, "those have their owner").toBe(true);
  });

  add("what waits for other bodies, or for its time, holds up nobody", async (t) => {
    await register(t, "foreign", { name: "foreign" });
    await register(t, "outside", { disposition: "external" });
    const a = await t.node("node-a");
    await register(t, "delayed");
    const delayed = await claimOne(t, a);
    await t.store.processes.release(delayed.fence, { delayMs: 3_600_000 });
    t.expect((await start(t, a)).claim?.entered).toBe(true);
  });

  add("what is bound to one owner, and what runs outside, is only registered", async (t) => {
    const a = await t.node("node-a");
    for (const [id, disposition] of [
      ["p2", "external"],
      ["p3", "owner_bound"],
    ] as const) {
      const { claim, record } = await start(t, a, { id, disposition });
      t.expect([claim, record.status], disposition).toEqual([undefined, "registered"]);
    }
  });

  add("one whose body the node does not have is only registered", async (t) => {
    const a = await t.node("node-a");
    const { claim, record } = await start(t, a, { names: ["export"] });
    t.expect([claim, record.status]).toEqual([undefined, "registered"]);
    t.expect((await claimOne(t, a)).fence.epoch).toBe(1);
  });

  add("D1 a lease that does not hold any more claims nothing, and the registration stands", async (t) => {
    const old = await t.node("node-a");
    const a = await t.node("node-a");
    const losses = { "opened again": old, "another nonce": { ...a, nonce: "x" } };
    for (const [id, lease] of Object.entries(losses)) {
      const { claim, record } = await start(t, lease, { id });
      t.expect([claim, record.status], id).toEqual([undefined, "registered"]);
    }
    const closed = await t.node("node-b");
    await t.store.leases.closeNode(closed);
    t.expect((await start(t, closed, { id: "closed" })).claim).toBe(undefined);
    t.expect((await t.store.processes.claim(a, { names: NAMES, limit: 5 })).length).toBe(3);
  });

  add("a node that is paused begins nothing, until it goes on", async (t) => {
    const a = await t.node("node-a");
    await t.store.leases.setNodePaused(a.nodeId, true);
    t.expect((await start(t, a)).claim).toBe(undefined);
    await t.store.leases.setNodePaused(a.nodeId, false);
    await claimOne(t, a);
    t.expect((await start(t, a, { id: "p2" })).claim?.entered).toBe(true);
  });

  add("D1 D17 whose node dies right then is claimed when the lease is over, with its attempt", async (t) => {
    const dead = await t.node("node-a", 300);
    const { claim, record } = await start(t, dead);
    const b = await t.node("node-b");
    const enter = { maxStartsInARow: 5 };
    const [next] = await t.until("the lease is over", async () => {
      const claims = await t.store.processes.claim(b, { names: NAMES, limit: 5, enter });
      return claims.length > 0 ? claims : undefined;
    });
    t.expect(claim?.fence.epoch).toBe(1);
    t.expect([next!.fence.epoch, next!.entered]).toEqual([2, true]);
    const { attempts, startsInARow, startedAt } = next!.record;
    t.expect([attempts, startsInARow, startedAt]).toEqual([2, 2, record.startedAt]);
    const late = append(t, "late", [{ type: "completed", output: 1 }], { claim: claim! });
    await t.refused(late, "store_fenced");
  });

  add("S17 of racing registrations of one process one is claimed", async (t) => {
    const stores = [t.store, await t.second()];
    const a = await t.node("node-a");
    // As each process that claims has: a store learns from it what time it is there, and claims nothing at a start before.
    const b = await stores[1]!.leases.openNode(nodeId("node-b"), { ttlMs: a.ttlMs });
    const bodies = [{ type: "registered", registration: newProcess("p1") }] as const;
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        stores[i % 2]!.processes.append({
          processId: P1,
          key: "start",
          bodies,
          claim: { lease: i % 2 ? b : a, names: NAMES },
        }),
      ),
    );
    t.expect(all.filter(({ claim }) => claim !== undefined).length).toBe(1);
    t.expect(all.filter(({ duplicate }) => duplicate).length).toBe(7);
    t.expect(foldProcess(await t.store.processes.events(P1))).toEqual(await t.store.processes.load(P1));
  });
});
