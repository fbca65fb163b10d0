import { createTestDatabase } from "@pawl/test-postgres";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parametersOf, RowsQuery, runsRowsQueries } from "../src/connection/rows-query.ts";

const database = await createTestDatabase();
const options = { connectionString: database.url, max: 1, query_timeout: 20_000 };
const pool = new pg.Pool(options);
let descriptions = 0;
pool.on("connect", (client) => {
  client.on("error", () => undefined);
  const { connection } = client as unknown as { readonly connection: NodeJS.EventEmitter };
  connection.on("rowDescription", () => {
    descriptions += 1;
  });
});
beforeAll(() => pool.query("create table things (id int primary key, thing text)"));
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function ask(name: string, text: string, values: readonly unknown[] = []): Promise<readonly unknown[]> {
  // As the store asks: the pool gives it a callback, and resolves to what that is told.
  const answer: unknown = pool.query(new RowsQuery({ name, text }, parametersOf(values)!));
  return ((await answer) as { readonly rows: readonly unknown[] }).rows;
}

describe("RowsQuery", () => {
  it("answers with rows as a usual query does, whatever is in them", async () => {
    const text = `select $1::text as text, $2::bigint as number, $3::boolean as flag, $4::text as nothing, $5::text[] as list,
      '{"a":[1,null]}'::json as json, '[2]'::jsonb as jsonb, 1.5::float8 as float, null::json as none`;
    const values = ['é 😀 \\ "', 2 ** 53 - 1, false, undefined, ["a,b", null, '"']];
    const row = {
      text: values[0],
      number: 2 ** 53 - 1,
      flag: false,
      nothing: null,
      list: '{"a,b",NULL,"\\""}',
      json: { a: [1, null] },
      jsonb: [2],
      float: 1.5,
      none: null,
    };
    expect(await ask("kinds", text, values)).toEqual([row]);
    expect(await ask("kinds", text, values)).toEqual([row]);
    expect(await ask("many", "select g from generate_series(1, $1::int) g", [3])).toEqual([
      { g: 1 },
      { g: 2 },
      { g: 3 },
    ]);
    expect(await ask("many", "select g from generate_series(1, $1::int) g", [0])).toEqual([]);
  });

  it("has its rows described once on a connection", async () => {
    const text = "select $1::int as n";
    const before = descriptions;
    for (let n = 0; n < 5; n++) expect(await ask("described", text, [n])).toEqual([{ n }]);
    expect(descriptions).toBe(before + 1);
    // The same statement, prepared by a usual query.
    expect((await pool.query({ name: "usual", text, values: [1] })).rows).toEqual([{ n: 1 }]);
    expect(await ask("usual", text, [2])).toEqual([{ n: 2 }]);
  });

  it("is refused once its rows are others, so that none is read by an earlier description", async () => {
    const text = "select * from things where id = $1";
    await pool.query("insert into things values (1, 'one')");
    expect(await ask("all_of", text, [1])).toEqual([{ id: 1, thing: "one" }]);
    await pool.query("alter table things alter column thing type json using to_json(thing)");
    await expect(ask("all_of", text, [1])).rejects.toMatchObject({ code: "0A000" });
    expect(await ask("all_of_it", text, [1])).toEqual([{ id: 1, thing: "one" }]);
  });

  it("rejects with what the database says, also halfway, and is described again by the next connection", async () => {
    const text = "select 1 / (3 - g) as n from generate_series(1, $1::int) g";
    await expect(ask("divided", text, [3])).rejects.toMatchObject({ code: "22012" });
    expect(await ask("divided", text, [2])).toEqual([{ n: 0 }, { n: 1 }]);
    await expect(ask("no_such", "select $1::text from nothing", ["x"])).rejects.toMatchObject({
      code: "42P01",
    });
    expect(await ask("divided", text, [1])).toEqual([{ n: 0 }]);
  });

  it("rejects when the connection is lost", async () => {
    const other = new pg.Client({ connectionString: database.url });
    await other.connect();
    const [{ pid } = {}] = (await ask("pid", "select pg_backend_pid() as pid")) as {
      readonly pid?: number;
    }[];
    const ended = expect(ask("sleepy", "select pg_sleep($1::float8)", [60])).rejects.toThrow();
    await other.query("select pg_terminate_backend($1)", [pid]);
    await ended;
    await other.end();
    expect(await ask("after", "select $1::int as n", [7])).toEqual([{ n: 7 }]);
  });

  it("takes what is written as text, and leaves the rest to the driver", () => {
    expect(parametersOf(["a", 1, true, null, undefined, [1, null], []])).toEqual([
      "a",
      1,
      true,
      null,
      null,
      "{1,NULL}",
      "{}",
    ]);
    for (const other of [Buffer.from("x"), new Date(0), { a: 1 }, [["a"]], [Buffer.from("x")], 1n]) {
      expect(parametersOf([other])).toBeUndefined();
    }
  });

  it("is for pools whose clients let a query write for itself", async () => {
    expect(runsRowsQueries(pool)).toBe(true);
    const others = [
      new pg.Pool({ ...options, pipeline: true }),
      new pg.Pool({ ...options, Client: class extends pg.Client {} }),
    ];
    for (const other of others) {
      expect(runsRowsQueries(other)).toBe(false);
      await other.end();
    }
    expect(runsRowsQueries({ query: async () => ({ rows: [] }) } as never)).toBe(false);
  });
});
