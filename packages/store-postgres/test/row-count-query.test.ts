import { createTestDatabase } from "@pawl/test-postgres";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Parameter } from "../src/connection/bind-message.ts";
import { RowCountQuery, writesForItself } from "../src/connection/row-count-query.ts";

const database = await createTestDatabase();
const pool = new pg.Pool({ connectionString: database.url, max: 2, query_timeout: 20_000 });
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const INSERT = {
  name: "insert_texts",
  text: "insert into texts (place, text) select g, $2::text from generate_series(1, $1::int) g",
};

let client: pg.PoolClient;
beforeAll(async () => {
  client = await pool.connect();
  await client.query("create table texts (place int primary key, text text)");
});
afterAll(() => client.release());

function count(values: readonly Parameter[], { name, text } = INSERT): Promise<number> {
  return client.query(new RowCountQuery({ name, text }, values)).count;
}

async function textsThere(): Promise<readonly unknown[]> {
  const { rows } = await client.query("delete from texts returning text");
  return rows.map(({ text }) => text);
}

describe("RowCountQuery", () => {
  it("tells how many rows were written", async () => {
    expect(await count([3, "a"])).toBe(3);
    expect(await textsThere()).toEqual(["a", "a", "a"]);
    expect(await count([0, "a"])).toBe(0);
  });

  it.each(["", "plain", "é", "naïve € 😀 漢字", `{"quoted \\" text": [1]}`, "x".repeat(1_000_000)])(
    "brings every text as it is: %.20s",
    async (text) => {
      expect(await count([1, text])).toBe(1);
      expect(await textsThere()).toEqual([text]);
    },
  );

  it("brings numbers, truth values and nothing", async () => {
    const text =
      "insert into texts select 1, concat_ws(' ', $1::bigint, $2::boolean, $3::boolean, $4::text is null)";
    expect(await count([2 ** 53 - 1, true, false, null], { name: "all_kinds", text })).toBe(1);
    expect(await textsThere()).toEqual(["9007199254740991 t f t"]);
  });

  it("rejects with what the database says, and leaves the connection usable", async () => {
    expect(await count([1, "first"])).toBe(1);
    await expect(count([1, "second"])).rejects.toMatchObject({ code: "23505" });
    await expect(
      count([1, "x"], { name: "no_such", text: "insert into nothing values ($1, $2)" }),
    ).rejects.toMatchObject({ code: "42P01" });
    expect(await textsThere()).toEqual(["first"]);
    expect(await count([1, "third"])).toBe(1);
    expect(await textsThere()).toEqual(["third"]);
  });

  it("shares the prepared statement with usual queries", async () => {
    await client.query({ ...INSERT, values: [1, "usual"] });
    expect(await textsThere()).toEqual(["usual"]);
    expect(await count([1, "counted"])).toBe(1);
    await textsThere();
    const { rows } = await client.query("select name from pg_prepared_statements where name = $1", [
      INSERT.name,
    ]);
    expect(rows).toHaveLength(1);
  });

  it("rejects when the connection is lost", async () => {
    const doomed = await pool.connect();
    doomed.on("error", () => undefined);
    const { rows } = await doomed.query("select pg_backend_pid() as pid");
    const text = "insert into texts select 1, 'never' from pg_sleep($1::float8)";
    const query = doomed.query(new RowCountQuery({ name: "sleepy", text }, [60]));
    const ended = expect(query.count).rejects.toThrow();
    await client.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
    await ended;
    doomed.release(true);
    expect(await textsThere()).toEqual([]);
  });

  it("is for clients that let a query write for itself", () => {
    expect(writesForItself(client)).toBe(true);
    expect(writesForItself({ query: async () => ({ rows: [] }) })).toBe(false);
    expect(writesForItself(Object.assign(Object.create(client), { pipeline: true }))).toBe(false);
  });
});
