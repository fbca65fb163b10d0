import { readFile } from "node:fs/promises";
import { startTestPostgres } from "@pawl/test-postgres";
import { describe, expect, test } from "vitest";
import { loadMigrations, migratePostgres, migrationSql, postgresStore } from "../src/index.ts";
import { pending } from "../src/migrate/migrate.ts";
import { printMigrations } from "../src/migrate/print-migrations.ts";
import { openStore } from "./harness.ts";
import { dumpSchema } from "./schema-dump.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
const { admin } = database;

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

  test("printed as SQL and run by somebody else, they are the same migrations", async () => {
    const sql = await migrationSql({ url: database.url, schema: "printed" });
    expect(sql).toBe(await migrationSql({ schema: "printed" }));
    expect((await admin.query("select 1 from pg_namespace where nspname = 'printed'")).rows).toEqual([]);
    await admin.query(sql);
    await (await openStore(database.url, { schema: "printed", migrate: false })).close();
    expect(await dumpSchema(admin, "printed")).toBe(
      await readFile(new URL("../sql/schema.snapshot.sql", import.meta.url), "utf8"),
    );
    expect(await migrationSql({ url: database.url, schema: "printed" })).toMatch(/up to date/);
    // Run again, it changes nothing.
    const client = await admin.connect();
    await expect(client.query(sql)).rejects.toThrow(/already exists/);
    await client.query("rollback");
    client.release();
  });

  test("only what the database lacks is printed", async () => {
    const all = await loadMigrations();
    await admin.query(printMigrations("partly", all.slice(0, -2)));
    const sql = await migrationSql({ url: database.url, schema: "partly" });
    expect(sql.match(/^-- \d{4}-.*$/gm)).toEqual(all.slice(-2).map(({ name }) => `-- ${name}`));
    await admin.query(sql);
    await (await openStore(database.url, { schema: "partly", migrate: false })).close();
  });

  test("migratePostgres says what it applied, and the second time that there was nothing", async () => {
    const names = (await loadMigrations()).map(({ name }) => name);
    const options = { url: database.url, schema: "apart" };
    const version = names.length;
    expect(await migratePostgres(options)).toEqual({ schema: "apart", applied: names, version });
    expect(await migratePostgres(options)).toEqual({ schema: "apart", applied: [], version });
    await expect(migratePostgres({ ...options, schema: 'a"b' })).rejects.toMatchObject({
      code: "store_config_invalid",
    });
  });

  test("D30: a rolling upgrade kills nobody: what the first release wrote is read and gone on with", async () => {
    const all = await loadMigrations();
    await admin.query(printMigrations("rolling", all.slice(0, 4)));
    // As a node of that version has them: an input, and a session in the queue.
    await admin.query(
      `insert into rolling.session_queue (session_id, positions, input_at) values ('s1', 1, now())`,
    );
    await admin.query(`insert into rolling.sessions (session_id) values ('s1')`);
    await admin.query(
      `insert into rolling.inputs (input_id, session_id, position, delivery, state, content, digest, due_at, accepted_at, turn_id)
       values ('in_1', 's1', 1, 'next', 'queued', '{"parts":[{"type":"text","text":"old"}]}', 'd', now(), now(), 'turn_1')`,
    );
    const store = await openStore(database.url, { schema: "rolling" });
    const [entry] = await store.inbox.loadInputStates("s1" as never);
    expect(entry).toMatchObject({
      inputId: "in_1",
      state: "queued",
      durability: "durable",
      attempts: 0,
      history: [],
    });
    expect(entry?.policy).toMatchObject({ version: 1, apply: "run_start" });
    // The old node goes on writing beside the new one.
    await admin.query(
      `insert into rolling.inputs (input_id, session_id, position, delivery, state, content, digest, due_at, accepted_at)
       values ('in_2', 's1', 2, 'steer', 'queued', '{"parts":[]}', 'd', now(), now())`,
    );
    await admin.query(
      `update rolling.inputs set state = 'staged', turn_id = 'turn_1' where input_id = 'in_1'`,
    );
    const states = await store.inbox.loadInputStates("s1" as never);
    expect(states.map((i) => [i.inputId, i.state, i.attempts])).toEqual([
      ["in_1", "staged", 1],
      ["in_2", "queued", 0],
    ]);
    expect(all.every(({ oldestReader, number }) => oldestReader <= number)).toBe(true);
    await store.close();
  });

  test("lines of sessions that were there before stay ready when they were, and follow what is written from then on", async () => {
    const all = await loadMigrations();
    await admin.query(printMigrations("lines", all.slice(0, 16)));
    const at = (hour: number) => `timestamptz '2026-01-01 ${String(hour).padStart(2, "0")}:00+00'`;
    const insert = (id: string, columns: string, values: string) =>
      admin.query(`insert into lines.session_queue (session_id, ${columns}) values ('${id}', ${values})`);
    // What a line says, and the hour from which on it is ready.
    const lines: readonly (readonly [columns: string, values: string, hour: number | null])[] = [
      ["positions", "0", null],
      ["input_at, wake_at", `${at(3)}, ${at(2)}`, 2],
      ["input_at, not_before", `${at(3)}, ${at(4)}`, 4],
      ["wake_at, not_before", `${at(3)}, ${at(1)}`, 3],
      ["not_before", at(4), null],
      ["held, input_at", `true, ${at(3)}`, null],
      ["paused, wake_at", `true, ${at(3)}`, null],
      ["phase, input_at", `'open', ${at(3)}`, null],
      ["phase, phase_at, input_at", `'open', ${at(3)}, ${at(1)}`, 3],
      ["phase, phase_at, wake_at", `'parked', ${at(3)}, ${at(2)}`, 2],
      ["phase, phase_at, not_before", `'parked', ${at(3)}, ${at(4)}`, 4],
      ["phase, phase_at, input_at", `'blocked', ${at(3)}, ${at(3)}`, null],
      ["phase, phase_at, wake_at", `'blocked', ${at(3)}, ${at(5)}`, 5],
    ];
    const read = async (prefix: string) => {
      const { rows } = await admin.query(
        "select ready_at from lines.session_queue where session_id like $1 || '%' order by session_id",
        [prefix],
      );
      return rows.map(({ ready_at }) => (ready_at as Date | null)?.getUTCHours() ?? null);
    };
    const hours = lines.map(([, , hour]) => hour);
    const id = (prefix: string, place: number) => `${prefix}${String(place).padStart(2, "0")}`;
    for (const [place, [columns, values]] of lines.entries()) await insert(id("old", place), columns, values);
    expect(await read("old")).toEqual(hours);
    await (await openStore(database.url, { schema: "lines" })).close();
    expect(await read("old")).toEqual(hours);
    for (const [place, [columns, values]] of lines.entries()) await insert(id("new", place), columns, values);
    expect(await read("new")).toEqual(hours);
    await admin.query("update lines.session_queue set held = not held");
    expect(await read("new")).toEqual(lines.map(([columns]) => (columns.startsWith("held") ? 3 : null)));
    await admin.query("update lines.session_queue set held = not held");
    expect(await read("old")).toEqual(hours);
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
