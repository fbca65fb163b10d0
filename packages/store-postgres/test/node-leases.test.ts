import { beforeAll, describe, expect, test, vi } from "vitest";
import { claimOne, deltaRow, fresh, heldSession, openTurn, type PgStore, turnEnd } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
let store: PgStore;
beforeAll(async () => {
  store = await database.store();
});

describe("leases", () => {
  test("D1: an older generation of a node writes nothing, and its sessions are claimable at once", async () => {
    const open = await openTurn(store);
    const reborn = await store.leases.openNode(open.node.nodeId, { ttlMs: 60_000 });
    expect(reborn.generation).toBe(open.node.generation + 1);
    const refused = [
      () => store.log.append(open.fence, [deltaRow(open.turn, 2)]),
      () => store.sessions.commit(open.fence, turnEnd(open)),
      () => store.leases.renewNode(open.node),
      () => store.leases.release(open.fence, { type: "idle" }),
      () => store.inbox.next(open.fence),
      () => store.inbox.checkpoint(open.fence, open.turn, () => deltaRow(open.turn, 2)),
      () => store.leases.claim(open.node, { limit: 1, behaviours: [] }),
    ];
    for (const attempt of refused) await expect(attempt()).rejects.toMatchObject({ code: "store_fenced" });
    expect(await claimOne(store, reborn, open.session)).toMatchObject({ openTurn: open.turn, logHead: 1 });
    await store.leases.closeNode(open.node);
    await store.leases.renewNode(reborn);
  });

  test("D1: when a lease has run out its sessions are taken over, with the log as it is then", async () => {
    const open = await openTurn(store, { ttlMs: 300 });
    await store.log.append(open.fence, [deltaRow(open.turn, 2)]);
    const other = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const request = { sessionId: open.session, limit: 1, behaviours: ["pawl-1"] };
    expect(await store.leases.claim(other, request)).toEqual([]);
    const claims = await vi.waitFor(
      async () => {
        const found = await store.leases.claim(other, request);
        expect(found).toHaveLength(1);
        return found;
      },
      { timeout: 5000 },
    );
    expect(claims[0]).toMatchObject({ logHead: 2, openTurn: open.turn });
    await expect(store.log.append(open.fence, [deltaRow(open.turn, 3)])).rejects.toMatchObject({
      code: "store_fenced",
    });
    await expect(store.leases.renewNode(open.node)).rejects.toMatchObject({ code: "store_fenced" });
  });

  test("a closed node gives everything back", async () => {
    const held = await heldSession(store);
    await store.leases.closeNode(held.node);
    const other = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    expect(await claimOne(store, other, held.session)).toMatchObject({ attempts: 0 });
    await store.leases.closeNode(held.node);
  });
});
