// An input is committed before it is on the disk, and acknowledged after. The pool stops at the statement between the two.
import { sessionId } from "@pawl/core";
import type { SessionClaim } from "@pawl/core/ports";
import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { postgresStore } from "../src/index.ts";
import { adminPool, claimOne, fresh, newInput, newTurn, type PgStore } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const PATIENCE = { timeout: 15_000 };

const database = testDatabase();
const { admin } = database;
let pool: pg.Pool;
let store: PgStore;
let other: PgStore;
let flushes = 0;
let beforeFlush: () => Promise<unknown> = async () => {};

beforeAll(async () => {
  pool = adminPool(database.url, 10);
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
  Object.assign(pool, {
    query: async (...args: unknown[]) => {
      const [{ name } = {}] = args as [{ name?: string }?];
      if (name?.startsWith("pawl_settle_inputs")) {
        flushes += 1;
        await beforeFlush();
      }
      return query(...args);
    },
  });
  store = postgresStore({ pool });
  await store.open();
  other = await database.store();
});
afterAll(async () => {
  await store.close();
  await pool.end();
});
beforeEach(() => {
  flushes = 0;
  beforeFlush = async () => {};
});

/** Holds up each flush until it is opened. */
function gate() {
  const opened = Promise.withResolvers<void>();
  beforeFlush = () => opened.promise;
  return opened.resolve;
}

describe("an input on its way to the disk", () => {
  test("is acknowledged when it is there, and can be claimed before", async () => {
    const open = gate();
    const session = sessionId(fresh("s"));
    let isAcknowledged = false;
    const accepted = store.inbox.accept(newInput(session)).finally(() => (isAcknowledged = true));
    await vi.waitFor(() => expect(flushes).toBe(1), PATIENCE);
    const node = await other.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const claim = await claimOne(other, node, session);
    expect(claim.sessionId).toBe(session);
    expect(isAcknowledged).toBe(false);
    open();
    expect(await accepted).toMatchObject({ duplicate: false, input: { position: 1 } });
  });

  test("is driven by the node that took it before it is acknowledged", async () => {
    const open = gate();
    const session = sessionId(fresh("s"));
    const lease = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const taken: SessionClaim[] = [];
    let isAcknowledged = false;
    const given = newInput(session);
    const accepted = store.inbox
      .accept(given, { claim: { lease, taken: (claim) => taken.push(claim) } })
      .finally(() => (isAcknowledged = true));
    await vi.waitFor(() => expect(taken).toHaveLength(1), PATIENCE);
    expect((await store.inbox.next(taken[0]!.fence))?.inputId).toBe(given.inputId);
    expect(isAcknowledged).toBe(false);
    open();
    expect(await accepted).toMatchObject({ duplicate: false, input: { inputId: given.inputId } });
  });

  test("IF1 and its claim are gone with a crash of the database: it is accepted anew, for whoever claims it", async () => {
    const session = sessionId(fresh("s"));
    const lease = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const given = newInput(session);
    const taken: SessionClaim[] = [];
    beforeFlush = async () => {
      beforeFlush = async () => {};
      for (const table of ["inputs", "session_queue", "sessions"]) {
        await admin.query(`delete from pawl.${table} where session_id = $1`, [session]);
      }
    };
    const claim = { lease, taken: (one: SessionClaim) => taken.push(one) };
    expect(await store.inbox.accept(given, { claim })).toMatchObject({
      duplicate: false,
      input: { position: 1 },
    });
    expect([taken.length, flushes]).toEqual([1, 2]);
    const begun = store.sessions.beginTurn(taken[0]!.fence, newTurn(session, given.inputId, 1));
    await expect(begun).rejects.toMatchObject({ code: "store_fenced" });
    const node = await other.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    expect((await claimOne(other, node, session)).next?.input.inputId).toBe(given.inputId);
  });

  test("IF1 is accepted anew when a crash of the database took it back", async () => {
    const session = sessionId(fresh("s"));
    const given = newInput(session);
    beforeFlush = async () => {
      beforeFlush = async () => {};
      await admin.query("delete from pawl.inputs where input_id = $1", [given.inputId]);
      await admin.query("delete from pawl.session_queue where session_id = $1", [session]);
    };
    expect(await store.inbox.accept(given)).toMatchObject({ duplicate: false, input: { position: 1 } });
    expect(flushes).toBe(2);
    expect(await other.inbox.list(session)).toHaveLength(1);
  });

  test("is waited for by who sends the same again, here and within a transaction of his own", async () => {
    const open = gate();
    const given = newInput(sessionId(fresh("s")), { idempotencyKey: "k" });
    const first = store.inbox.accept(given);
    await vi.waitFor(() => expect(flushes).toBe(1), PATIENCE);
    let isAnswered = false;
    const second = store.inbox.accept(given).finally(() => (isAnswered = true));
    const client = await pool.connect();
    const names: unknown[] = [];
    const query = client.query.bind(client) as (asked: { readonly text: string }) => Promise<never>;
    const tx = {
      query: (asked: { readonly text: string }) => {
        names.push(/pawl (\w+)/.exec(asked.text)?.[1]);
        return query(asked);
      },
    };
    await client.query("begin");
    const third = await store.inbox.accept(given, { tx: tx as never });
    await client.query("commit");
    client.release();
    expect([third.duplicate, names]).toEqual([true, ["accept_input", "settle_inputs"]]);
    expect(isAnswered).toBe(false);
    open();
    expect([(await first).duplicate, (await second).duplicate]).toEqual([false, true]);
  });

  test("IF2 shares the next flush with those that come meanwhile", async () => {
    const open = gate();
    const session = sessionId(fresh("s"));
    const first = store.inbox.accept(newInput(session));
    await vi.waitFor(() => expect(flushes).toBe(1), PATIENCE);
    const others = Promise.all(Array.from({ length: 20 }, () => store.inbox.accept(newInput(session))));
    await vi.waitFor(async () => expect(await other.inbox.list(session)).toHaveLength(21), PATIENCE);
    open();
    await first;
    expect((await others).map(({ input }) => input.position).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 2),
    );
    expect(flushes).toBeLessThan(21);
  });

  test("needs no right that an owner of the schema has not", async () => {
    const role = fresh("role");
    await admin.query(`create role ${role}`);
    const name = (await admin.query("select current_database() as name")).rows[0].name;
    await admin.query(`grant create on database "${name}" to ${role}`);
    const plain = adminPool(database.url, 4, { options: `-c role=${role}` });
    const own = postgresStore({ pool: plain, schema: fresh("schema") });
    await own.open();
    try {
      expect((await plain.query("select current_user as name")).rows[0].name).toBe(role);
      expect(await own.inbox.accept(newInput(sessionId(fresh("s"))))).toMatchObject({ duplicate: false });
    } finally {
      await own.close();
      await plain.end();
    }
  });
});
