// The store is a guest on a pool of the caller's.
import { createTestDatabase, type TestDatabase } from "@pawl/test-postgres";
import { recordingLogger } from "@pawl/testing";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { postgresStore } from "../src/index.ts";
import { adminPool, deltaRow, newInput, openTurn, turnEnd } from "./harness.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test.each([1, 2, 5])("a pool of %i connections is enough, and is the caller's afterwards", async (max) => {
  const pool = adminPool(database.url, max);
  const logger = recordingLogger();
  const store = postgresStore({ pool, logger });
  // Nobody has to call `open`: the first verb does.
  const open = await openTurn(store);
  await Promise.all([
    store.log.append(open.fence, [deltaRow(open.turn, 2)]),
    store.leases.renewNode(open.node),
    store.sessions.load(open.session),
  ]);
  await store.sessions.commit(open.fence, turnEnd(open, { seq: 3 }));
  await store.close();
  expect(pool.idleCount).toBe(pool.totalCount);
  expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await pool.end();
});

test("a client that runs statements in its own way is believed when it tells how many rows it wrote", async () => {
  let appends = 0;
  class OwnClient extends pg.Client {
    override query = ((...args: unknown[]) => {
      const query = super.query.bind(this) as (...args: unknown[]) => unknown;
      const [given] = args as [{ readonly text?: string; readonly values?: unknown[] }];
      if (!given.text?.startsWith("/* pawl append_next_row ")) return query(...args);
      appends += 1;
      return query(given.text, given.values);
    }) as pg.Client["query"];
  }
  const pool = new pg.Pool({ connectionString: database.url, max: 5, Client: OwnClient });
  const store = postgresStore({ pool });
  const open = await openTurn(store);
  await store.log.append(open.fence, [deltaRow(open.turn, 2)]);
  await store.log.append(open.fence, [deltaRow(open.turn, 3)]);
  expect(appends).toBe(2);
  expect((await store.log.read(open.session)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  await store.close();
  await pool.end();
});

test("one connection of a large enough pool listens", async () => {
  const pool = adminPool(database.url, 4);
  const store = postgresStore({ pool });
  const other = postgresStore({ url: database.url, listenUrl: false });
  await store.open();
  const heard = vi.fn();
  store.leases.onWork(heard);
  const { input } = await other.inbox.accept(newInput("s_guest" as never));
  await vi.waitFor(() => expect(heard).toHaveBeenCalledWith(input.sessionId), { timeout: 10_000 });
  await Promise.all([store.close(), other.close()]);
  await pool.end();
});

test("parsers that the caller's pool has for types of its own do no harm", async () => {
  const { default: pg } = await import("pg");
  const before = pg.types.getTypeParser(20);
  pg.types.setTypeParser(20, (text) => BigInt(text));
  pg.types.setTypeParser(114, (text) => text);
  try {
    const pool = adminPool(database.url, 4);
    const store = postgresStore({ pool, listenUrl: false });
    const open = await openTurn(store);
    expect(await store.sessions.load(open.session)).toMatchObject({ revision: 0, openTurn: open.turn });
    expect((await store.log.read(open.session))[0]).toMatchObject({
      seq: 1,
      body: { kind: "machine_input" },
    });
    await store.close();
    await pool.end();
  } finally {
    pg.types.setTypeParser(20, before);
    pg.types.setTypeParser(114, JSON.parse);
  }
});
