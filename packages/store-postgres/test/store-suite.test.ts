import type { Store } from "@pawl/core/ports";
import { storeSuite } from "@pawl/testing/store-suite";
import { describe, expect, it } from "vitest";
import { postgresStore } from "../src/index.ts";
import { fresh, type PgStore } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
const { admin } = database;

// Every case has a schema of its own; stores over the same data share it.
const schemas = new WeakMap<Store, string>();

async function open(schema: string): Promise<PgStore> {
  const store = postgresStore({ url: database.url, schema, poolSize: 4 });
  await store.open();
  schemas.set(store, schema);
  return store;
}

const schemaOf = (store: Store) => schemas.get(store)!;

storeSuite(
  { describe, it, expect },
  {
    name: "PostgreSQL",
    createStore: () => open(fresh("suite")),
    capabilities: {
      reopen: async (store) => {
        await store.close();
        return open(schemaOf(store));
      },
      second: (store) => open(schemaOf(store)),
      advance: false,
      transaction: async (_store, body) => {
        const client = await admin.connect();
        try {
          await client.query("begin");
          await body(client as never);
          await client.query("commit");
        } catch (error) {
          await client.query("rollback");
          throw error;
        } finally {
          client.release();
        }
      },
      setRuntimeState: async (store, sessionId, state) => {
        await admin.query(`update ${schemaOf(store)}.sessions set runtime_state = $2 where session_id = $1`, [
          sessionId,
          state,
        ]);
      },
      corruptRow: async (store, sessionId, seq) => {
        await admin.query(
          `update ${schemaOf(store)}.log set body = '{"kin": 7}' where session_id = $1 and seq = $2`,
          [sessionId, seq],
        );
      },
      pretendNewerSchema: async (store) => {
        await admin.query(
          `insert into ${schemaOf(store)}.migrations (number, name, hash, oldest_reader) values (9999, 'x', 'x', 9999)`,
        );
      },
    },
  },
);
