import { type SessionId, sessionId } from "@pawl/core";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { adminPool, fresh, newInput, type PgStore } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
let store: PgStore;
beforeAll(async () => {
  store = await database.store();
});

describe("accept", () => {
  test("S: the same key and content is the same input, other content a conflict", async () => {
    const session = sessionId(fresh("s"));
    const first = await store.inbox.accept(newInput(session, { idempotencyKey: "k" }));
    const again = await store.inbox.accept(newInput(session, { idempotencyKey: "k" }));
    expect(again).toEqual({ input: first.input, duplicate: true });
    await expect(
      store.inbox.accept(newInput(session, { idempotencyKey: "k", delivery: "steer" })),
    ).rejects.toMatchObject({ code: "store_conflict" });
    await expect(
      store.inbox.accept(newInput(session, { inputId: first.input.inputId })),
    ).rejects.toMatchObject({ code: "store_conflict" });
    expect((await store.inbox.list(session)).map((i) => i.position)).toEqual([1]);
  });

  test("within the caller's transaction: both commit or neither", async () => {
    const pool = adminPool(database.url);
    await pool.query("create table orders (id text primary key)");
    const kept = sessionId(fresh("s"));
    const dropped = sessionId(fresh("s"));
    for (const [session, end] of [
      [kept, "commit"],
      [dropped, "rollback"],
    ] as [SessionId, string][]) {
      const client = await pool.connect();
      await client.query("begin");
      await client.query("insert into orders values ($1)", [session]);
      const { input } = await store.inbox.accept(newInput(session), { tx: client });
      expect(await store.inbox.load(input.inputId)).toBeNull();
      // A refusal leaves the caller's transaction usable.
      await expect(store.inbox.accept({ ...input }, { tx: client })).rejects.toMatchObject({
        code: "store_conflict",
      });
      await client.query(end);
      client.release();
    }
    expect(await store.inbox.list(kept)).toHaveLength(1);
    expect(await store.inbox.list(dropped)).toHaveLength(0);
    const { rows } = await pool.query("select id from orders");
    expect(rows).toEqual([{ id: kept }]);
    await pool.end();
  });

  test("an input for later is claimable when its time has come", async () => {
    const session = sessionId(fresh("s"));
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    await store.inbox.accept(newInput(session, { at: Date.now() + 250 }));
    const request = { sessionId: session, limit: 1, behaviours: [] };
    expect(await store.leases.claim(node, request)).toEqual([]);
    await vi.waitFor(async () => expect(await store.leases.claim(node, request)).toHaveLength(1), {
      timeout: 5000,
    });
  });

  test("what cannot be stored is refused before anything is sent", async () => {
    const session = sessionId(fresh("s"));
    for (const text of ["a\u0000b", "a\ud800b"]) {
      await expect(
        store.inbox.accept(newInput(session, { content: { parts: [{ type: "text", text }] } })),
      ).rejects.toMatchObject({ code: "not_storable" });
    }
    expect(await store.sessions.load(session)).toBeNull();
  });
});
