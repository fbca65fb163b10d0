import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { type FaultyProxy, faultyProxy } from "./faulty-proxy.ts";
import type { PgStore } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

/** Two stores behind one proxy that breaks connections; whole again at the beginning of each test. */
export interface LossyDatabase {
  readonly proxy: FaultyProxy;
  readonly store: PgStore;
  readonly other: PgStore;
  /** Runs `action` with the answer to one statement lost, and makes sure that one was. */
  losing<T>(statement: string, action: () => Promise<T>): Promise<T>;
}

/** For the tests of the file that calls this. */
export function lossyDatabase(): LossyDatabase {
  const database = testDatabase();
  let proxy: FaultyProxy;
  let store: PgStore;
  let other: PgStore;
  beforeAll(async () => {
    proxy = await faultyProxy(database.url);
    store = await database.store({ patienceMs: 3000 }, proxy.url);
    other = await database.store({ patienceMs: 3000 }, proxy.url);
  });
  afterAll(async () => {
    await database.closeStores();
    await proxy[Symbol.asyncDispose]();
  });
  beforeEach(() => proxy.heal());
  return {
    get proxy() {
      return proxy;
    },
    get store() {
      return store;
    },
    get other() {
      return other;
    },
    async losing(statement, action) {
      const before = proxy.lost;
      proxy.loseAnswerTo(statement);
      const result = await action();
      expect(proxy.lost).toBe(before + 1);
      return result;
    },
  };
}
