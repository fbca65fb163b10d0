import { createTestDatabase, startTestPostgres, type TestDatabase } from "@pawl/test-postgres";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadMigrations, postgresStore } from "../src/index.ts";
import { pending } from "../src/migrate/migrate.ts";
import { adminPool, openStore } from "./harness.ts";
import { dumpSchema } from "./schema-dump.ts";

let database: TestDatabase;
let admin: pg.Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  admin = adminPool(database.url);
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

describe("migrations", () => {
  test("give the schema that is checked in", async () => {
    await (await openStore(database.url, { schema: "snap" })).close();
    await expect(await dumpSchema(admin, "snap")).toMatchFileSnapshot("../sql/schema.snapshot.sql");
  });

  test("run once when several processes open at once", async () => {
    const stores = await Promise.all(
      Array.from({ length: 4 }, () => openStore(database.url, { schema: "crowd" })),
    );
    await Promise.all(stores.map((store) => store.close()));
    const { rows } = await admin.query("select number from crowd.migrations order by number");
    expect(rows.map((row) => row.number)).toEqual((await loadMigrations()).map((m) => m.number));
  });

  test("D30: a newer schema is refused unless it admits readers as old as this", async () => {
    await (await openStore(database.url, { schema: "newer" })).close();
    const next = (await loadMigrations()).length + 1;
    const insert =
      "insert into newer.migrations (number, name, hash, oldest_reader) values ($1, 'later', 'h', $2)";
    await admin.query(insert, [next, next - 1]);
    await (await openStore(database.url, { schema: "newer" })).close();
    await admin.query(insert, [next + 1, next]);
    await expect(openStore(database.url, { schema: "newer" })).rejects.toMatchObject({
      code: "store_schema_too_new",
    });
  });

  test("a migration that was applied with other content is named", async () => {
    await (await openStore(database.url, { schema: "changed" })).close();
    await admin.query("update changed.migrations set hash = 'other' where number = 1");
    await expect(openStore(database.url, { schema: "changed" })).rejects.toMatchObject({
      code: "store_migration_changed",
      message: expect.stringContaining("0001-first-tables.sql"),
    });
  });

  test("`migrate: false` only checks", async () => {
    await expect(openStore(database.url, { schema: "untouched", migrate: false })).rejects.toMatchObject({
      code: "store_schema_too_old",
    });
    const { rows } = await admin.query("select 1 from pg_namespace where nspname = 'untouched'");
    expect(rows).toEqual([]);
  });

  test("pending: what is known and not yet applied, in order", async () => {
    const [first] = await loadMigrations();
    const known = [first!, { ...first!, number: 2, name: "0002-x.sql", hash: "h2" }];
    expect(pending("s", known, []).map((m) => m.number)).toEqual([1, 2]);
    const applied = [{ number: 1, name: "x", hash: first!.hash, oldest_reader: 1 }];
    expect(pending("s", known, applied).map((m) => m.number)).toEqual([2]);
  });
});

describe("opening", () => {
  test("works as an unprivileged role in a schema of its own", async () => {
    await admin.query("create role tenant login password 'pw'");
    await admin.query("create schema tenant authorization tenant");
    await admin.query("revoke create on schema public from public");
    const url = new URL(database.url);
    url.username = "tenant";
    url.password = "pw";
    const store = await openStore(url.href, { schema: "tenant" });
    expect(await store.secrets.loadOrCreate("x", () => "y")).toBe("y");
    await store.close();
    await expect(openStore(url.href, { schema: "elsewhere" })).rejects.toMatchObject({
      code: "store_write_failed",
      message: expect.stringContaining("privilege"),
    });
  });

  test("D27: synchronous_commit = off is refused", async () => {
    await admin.query("create role careless login superuser password 'pw'");
    await admin.query("alter role careless set synchronous_commit = off");
    const url = new URL(database.url);
    url.username = "careless";
    url.password = "pw";
    await expect(openStore(url.href, { schema: "unsafe" })).rejects.toMatchObject({
      code: "store_unsafe_database",
      message: expect.stringContaining("synchronous_commit"),
    });
    await (await openStore(url.href, { schema: "unsafe", acceptDataLoss: true })).close();
  });

  test("D27: fsync = off is refused", async () => {
    const careless = await startTestPostgres({ fsync: false });
    await expect(openStore(careless.url)).rejects.toMatchObject({
      code: "store_unsafe_database",
      message: expect.stringContaining("fsync"),
    });
    await careless.stop();
  });

  test("errors say what to do and never the password", async () => {
    const url = new URL(database.url);
    url.password = "wrong-secret";
    const errors = [
      await openStore(url.href).catch((e) => e),
      await openStore("postgresql://u:hidden-secret@127.0.0.1:1/x", { patienceMs: 100 }).catch((e) => e),
    ];
    expect(errors.map((e) => e.code)).toEqual(["store_unreachable", "store_unreachable"]);
    expect(() => postgresStore({ url: "mysql://u:hidden-secret@h/x" })).toThrow(/postgresql:\/\//);
    expect(() => postgresStore({ url: "postgresql://x/y", schema: 'a"b' })).toThrow(/schema name/);
    for (const error of errors) {
      expect(`${error.message} ${JSON.stringify(error)} ${error.cause}`).not.toMatch(/secret/);
    }
  });

  test("a closed store refuses", async () => {
    const store = await openStore(database.url, { schema: "shut" });
    await store.close();
    await store.close();
    await expect(store.sessions.load("s" as never)).rejects.toMatchObject({ code: "store_closed" });
  });
});
