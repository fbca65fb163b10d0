import { isPawlError, type PawlError } from "@pawl/core";
import { createTestDatabase, type TestDatabase } from "@pawl/test-postgres";
import type pg from "pg";
import { afterAll, beforeAll } from "vitest";
import { adminPool, openStore, type PgStore } from "./harness.ts";

/** More than any test looks at once with; they are opened when they are needed. */
const ADMINS = 6;

/** The database of a test file: made before its tests, dropped after them with everything closed that was opened on it here. */
export function testDatabase() {
  let database: TestDatabase | undefined;
  let pool: pg.Pool | undefined;
  const stores: PgStore[] = [];

  const made = () => {
    if (database === undefined) throw new Error("The database is there from `beforeAll` on.");
    return database;
  };
  const admins = () => {
    pool ??= adminPool(made().url, ADMINS);
    return pool;
  };
  async function closeStores(): Promise<void> {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  }

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await closeStores();
    await pool?.end();
    await database?.drop();
  });

  return {
    get url() {
      return made().url;
    },
    /** Looks into the database past every store. */
    admin: {
      query: ((...asked: Parameters<pg.Pool["query"]>) => admins().query(...asked)) as pg.Pool["query"],
      connect: () => admins().connect(),
    },
    /** Closed with the database, or by `closeStores`. `url`: another way to it. */
    async store(options?: Parameters<typeof openStore>[1], url = made().url): Promise<PgStore> {
      const store = await openStore(url, options);
      stores.push(store);
      return store;
    },
    closeStores,
  };
}

/** What refused it. @throws Error when nothing did, or nothing of ours */
export async function refusal(promise: Promise<unknown>): Promise<PawlError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isPawlError(error)) throw new Error(`Not refused, or not by us: ${String(error)}`);
  return error;
}
