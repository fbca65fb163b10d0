// D15, D9: what one resolver does while others come in between, forced with locks that the test holds.
import { executionScope, type Resolution, sessionId, turnId } from "@pawl/core";
import type { NewAwaitEvent } from "@pawl/core/ports";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type FaultyProxy, faultyProxy } from "./faulty-proxy.ts";
import { claimOne, fresh, openStore, openTurn, type PgStore } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
const { admin } = database;
let proxy: FaultyProxy;
let store: PgStore;
let other: PgStore;
beforeAll(async () => {
  proxy = await faultyProxy(database.url);
  store = await database.store({}, proxy.url);
  other = await database.store();
});
afterAll(async () => {
  await database.closeStores();
  await proxy[Symbol.asyncDispose]();
});

const BY = { name: "ana", via: "key" } as const;
const yes = (payload: string): Resolution => ({ status: "ok", payload });

function event(session: string | null = null, dueAt: number | null = null): NewAwaitEvent {
  const keyId = fresh("k");
  return {
    keyId,
    scope:
      session === null
        ? executionScope.runtimeOperation(keyId)
        : executionScope.turn(session, `turn of ${session}`),
    wait: { type: "custom", key: keyId },
    sessionId: session === null ? null : sessionId(session),
    turnId: session === null ? null : turnId(`turn of ${session}`),
    dueAt,
    info: {},
  };
}

/** Holds the locks of `sql` while `body` runs, then commits. */
async function holding(sql: string, values: unknown[], body: () => Promise<void>): Promise<void> {
  const client = await admin.connect();
  try {
    await client.query("begin");
    await client.query(sql, values);
    await body();
    await client.query("commit");
  } finally {
    client.release();
  }
}

/** Until so many statements of the store wait for a lock. */
async function blocked(count: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rows } = await admin.query(
        "select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%await_events%'",
      );
      expect(rows[0].n).toBe(count);
    },
    { timeout: 10_000 },
  );
}

describe("an await-event in PostgreSQL", () => {
  test("D9 a resolver whose answer was lost recognises its own resolution", async () => {
    const { session } = await openTurn(other);
    for (const made of [true, false]) {
      const it = event(session);
      if (made) await store.awaits.register(it);
      const before = proxy.lost;
      proxy.loseAnswerTo("pawl_resolve_await_event");
      const result = await store.awaits.resolve(it.keyId, yes("mine"), BY, it);
      expect(proxy.lost).toBe(before + 1);
      expect(result).toMatchObject({ status: "accepted", record: { terminal: yes("mine") } });
      expect(await other.awaits.resolve(it.keyId, yes("late"), BY, it)).toMatchObject({
        status: "already_resolved",
        record: { terminal: yes("mine") },
      });
    }
  });

  test("D9 a resolver without a look whose answer was lost recognises its own resolution", async () => {
    const { session } = await openTurn(other);
    const it = event(session);
    await store.awaits.register(it);
    const before = proxy.lost;
    proxy.loseAnswerTo("pawl_resolve_open_event");
    const resolved = await store.awaits.resolveOpen(it.keyId, yes("mine"), BY, { info: it.info });
    expect(proxy.lost).toBe(before + 1);
    expect(resolved?.terminal).toEqual(yes("mine"));
    expect(await other.awaits.resolveOpen(it.keyId, yes("late"), BY, { info: it.info })).toBe(undefined);
  });

  test("D15 who saw it open and waited for the winner's lock of the line writes nothing", async () => {
    const { session } = await openTurn(other);
    for (const revoked of [false, true]) {
      const it = event(session);
      await store.awaits.register(it);
      let resolving: Promise<unknown> = Promise.resolve();
      await holding(
        revoked
          ? `with line as (select session_id from pawl.session_queue where session_id = $2 for update)
             update pawl.await_events set revoked = true where key_id = $1`
          : `with line as (select session_id from pawl.session_queue where session_id = $2 for update)
             update pawl.await_events set terminal = '{"status":"cancelled"}', resolved_by = '{"name":"x","via":"turn"}',
               resolved_at = clock_timestamp() where key_id = $1`,
        [it.keyId, session],
        async () => {
          resolving = store.awaits.resolveOpen(it.keyId, yes("late"), BY, { info: it.info });
          await blocked(1);
        },
      );
      expect(await resolving).toBe(undefined);
      expect((await other.awaits.load(it.keyId))?.terminal ?? null).toEqual(
        revoked ? null : { status: "cancelled" },
      );
    }
  });

  test("D15 who waited for the winner's locks is told the winner, and not what it saw before", async () => {
    const { session, node } = await openTurn(other);
    for (const withSession of [true, false]) {
      const it = event(withSession ? session : null);
      await store.awaits.register(it);
      const lock = withSession
        ? "select 1 from pawl.session_queue where session_id = $1 for update"
        : "select 1 from pawl.await_events where key_id = $1 for update";
      let ends: Promise<unknown[]> = Promise.resolve([]);
      await holding(lock, [withSession ? session : it.keyId], async () => {
        ends = Promise.all([
          store.awaits.resolve(it.keyId, yes("a"), BY),
          other.awaits.resolve(it.keyId, yes("b"), BY),
          other.awaits.resolve(it.keyId, yes("c"), BY, it),
        ]);
        await blocked(3);
      });
      const results = (await ends) as { status: string; record: { terminal: Resolution } }[];
      expect(results.map(({ status }) => status).sort()).toEqual([
        "accepted",
        "already_resolved",
        "already_resolved",
      ]);
      const winner = results.find(({ status }) => status === "accepted")!;
      for (const { record } of results) expect(record).toEqual(winner.record);
    }
    expect(node.generation).toBeGreaterThan(0);
  });

  test("D15 an event that somebody makes while the resolver waits for the line is resolved, and not unknown", async () => {
    const { session } = await openTurn(other);
    const it = event(session);
    let resolving: Promise<unknown> = Promise.resolve();
    await holding(
      "select 1 from pawl.session_queue where session_id = $1 for update",
      [session],
      async () => {
        resolving = store.awaits.resolve(it.keyId, yes("early"), BY, it);
        await blocked(1);
        // A waiter needs no lock of the session: nothing holds it up.
        expect((await other.awaits.register(it))?.terminal).toBe(null);
      },
    );
    expect(await resolving).toMatchObject({ status: "accepted" });
    expect((await other.awaits.register(it))?.terminal).toEqual(yes("early"));
  });

  test("D15 the due time is compared with the time after the lock, also when the wait for it began before", async () => {
    for (const made of [true, false]) {
      const { rows } = await admin.query(
        "select (extract(epoch from clock_timestamp()) * 1000)::bigint as now",
      );
      const it = event(null, Number(rows[0].now) + 300);
      await store.awaits.register(it);
      let resolving: Promise<unknown> = Promise.resolve();
      await holding("select 1 from pawl.await_events where key_id = $1 for update", [it.keyId], async () => {
        resolving = store.awaits.resolve(it.keyId, yes("too late"), BY, made ? it : undefined);
        await blocked(1);
        await vi.waitFor(
          async () => {
            const late = await admin.query("select clock_timestamp() > to_timestamp($1 / 1000.0) as late", [
              it.dueAt,
            ]);
            expect(late.rows[0].late).toBe(true);
          },
          { timeout: 10_000 },
        );
      });
      expect(await resolving).toMatchObject({
        status: "already_resolved",
        record: { terminal: { status: "timeout" }, resolvedBy: { name: "deadline", via: "sweeper" } },
      });
    }
  });

  test("D15 a resolver that waits for the session's line keeps nobody from the event", async () => {
    const { session } = await openTurn(other);
    const it = event(session);
    await store.awaits.register(it);
    let resolving: Promise<unknown> = Promise.resolve();
    await holding(
      "select 1 from pawl.session_queue where session_id = $1 for update",
      [session],
      async () => {
        resolving = store.awaits.resolve(it.keyId, yes("a"), BY);
        await blocked(1);
        await admin.query("select 1 from pawl.await_events where key_id = $1 for update nowait", [it.keyId]);
      },
    );
    expect(await resolving).toMatchObject({ status: "accepted" });
  });

  test("D15 answer and wake mark are one transaction: who is killed in between leaves neither", async () => {
    const turn = await openTurn(other);
    const it = event(turn.session);
    await store.awaits.register(it);
    expect(await other.leases.release(turn.fence, { type: "park" })).toBe(true);
    let resolving: Promise<unknown> = Promise.resolve();
    const hasty = await openStore(database.url, { patienceMs: 0 });
    await holding(
      "select 1 from pawl.session_queue where session_id = $1 for update",
      [turn.session],
      async () => {
        resolving = hasty.awaits.resolve(it.keyId, yes("a"), BY).catch((error: unknown) => error);
        await blocked(1);
        await admin.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and query like '%await_events%'",
        );
        await resolving;
      },
    );
    expect((await other.awaits.load(it.keyId))?.terminal).toBe(null);
    const claims = () => other.leases.claim(turn.node, { sessionId: turn.session, limit: 1, behaviours: [] });
    expect(await claims()).toEqual([]);
    await hasty.awaits.resolve(it.keyId, yes("b"), BY);
    expect((await claimOne(other, turn.node, turn.session)).openTurn).toBe(turn.turn);
    await hasty.close();
  });

  test("waiters that look again and again write nothing", async () => {
    const it = event();
    await store.awaits.register(it);
    const version = async () =>
      (
        await admin.query("select xmin::text, ctid::text from pawl.await_events where key_id = $1", [
          it.keyId,
        ])
      ).rows[0];
    const before = await version();
    for (let i = 0; i < 5; i++) await store.awaits.register(it);
    expect(await version()).toEqual(before);
  });

  test("D16 of a held session marks it and announces no work: its holder hears, and does not park", async () => {
    const listening = await openStore(database.url, { listenUrl: database.url });
    try {
      // Hints come in the order of their transactions: what stands between two keys was said between them.
      const said: string[] = [];
      listening.leases.onWork((session) => session !== undefined && said.push(`work ${session}`));
      listening.awaits.onResolved((keyId) => said.push(keyId));
      const settled = async (session: string | null): Promise<string> => {
        const it = event(session);
        await store.awaits.register(it);
        await store.awaits.resolve(it.keyId, yes("a"), BY);
        await vi.waitFor(() => expect(said).toContain(it.keyId), { timeout: 10_000 });
        return it.keyId;
      };
      const between = (from: string, to: string) => said.slice(said.indexOf(from) + 1, said.indexOf(to));

      const turn = await openTurn(store);
      const held = await settled(turn.session);
      expect(between(held, await settled(null))).toEqual([]);
      expect(await store.leases.release(turn.fence, { type: "park" })).toBe(false);

      await store.leases.release(turn.fence, { type: "retry", delayMs: 0 });
      const again = await claimOne(store, turn.node, turn.session);
      expect(await store.leases.release(again.fence, { type: "park" })).toBe(true);
      const parked = await settled(turn.session);
      expect(between(parked, await settled(null))).toEqual([`work ${turn.session}`]);
    } finally {
      await listening.close();
    }
  });
});
