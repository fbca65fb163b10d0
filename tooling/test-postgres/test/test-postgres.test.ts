import { fork } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, expect, it, vi } from "vitest";
import { createTestDatabase, startTestPostgres } from "../src/index.ts";

const database = await createTestDatabase();
afterAll(database.drop);

async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

it("a test database is empty, durable and has UTF-8 text", async () => {
  expect(
    await query(database.url, "select count(*)::int as n from pg_tables where schemaname = 'public'"),
  ).toEqual([{ n: 0 }]);
  expect(await query(database.url, "show fsync")).toEqual([{ fsync: "on" }]);
  expect(await query(database.url, "show synchronous_commit")).toEqual([{ synchronous_commit: "on" }]);
  expect(await query(database.url, "show server_encoding")).toEqual([{ server_encoding: "UTF8" }]);
});

it("two test databases do not see one another, and a dropped one is gone", async () => {
  const other = await createTestDatabase();
  await query(database.url, "create table seen (id int)");
  await expect(query(other.url, "select * from seen")).rejects.toThrow(/does not exist/);
  const leaked = new pg.Client({ connectionString: other.url });
  const ended = new Promise<Error>((resolve) => leaked.on("error", resolve));
  await leaked.connect();
  await other.drop();
  expect((await ended).message).toMatch(/terminating connection/);
  await expect(query(other.url, "select 1")).rejects.toThrow(/does not exist/);
});

it("only 127.0.0.1 is listened on, and only with the password", async () => {
  const noPassword = new URL(database.url);
  noPassword.password = "wrong";
  await expect(query(noPassword.href, "select 1")).rejects.toThrow(/password authentication failed/);
  expect(await query(database.url, "show listen_addresses")).toEqual([{ listen_addresses: "127.0.0.1" }]);
});

it("what a killed run leaves behind is ended and removed by the next run", { timeout: 30_000 }, async () => {
  const program = fileURLToPath(new URL("run-and-wait.ts", import.meta.url));
  const run = fork(program, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const [{ url, folder }] = (await once(run, "message")) as [{ url: string; pid: number; folder: string }];
  run.kill("SIGKILL");
  await once(run, "exit");
  expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);

  const next = await startTestPostgres();
  try {
    await vi.waitFor(() => expect(query(url, "select 1")).rejects.toThrow(/ECONNREFUSED/), {
      timeout: 10_000,
    });
    await expect(access(folder)).rejects.toThrow(/ENOENT/);
    // The run that this test belongs to is alive and was left alone.
    expect(await query(database.url, "select 1 as one")).toEqual([{ one: 1 }]);
  } finally {
    await next.stop();
  }
  await expect(query(next.url, "select 1")).rejects.toThrow(/ECONNREFUSED/);
});

it("fsync can be given up by a flag only", { timeout: 30_000 }, async () => {
  const fast = await startTestPostgres({ fsync: false });
  try {
    expect(await query(fast.url, "show fsync")).toEqual([{ fsync: "off" }]);
  } finally {
    await fast.stop();
  }
});

it("after a crash of all of its processes it comes back on the same port, with what was committed", async () => {
  const postgres = await startTestPostgres();
  try {
    await query(postgres.url, "create table kept (n int)");
    await query(postgres.url, "insert into kept values (1)");
    const { pid } = postgres;
    await postgres.crash();
    await expect(query(postgres.url, "select")).rejects.toThrow();
    await postgres.restart();
    expect(postgres.pid).not.toBe(pid);
    expect(await query(postgres.url, "select n from kept")).toEqual([{ n: 1 }]);
  } finally {
    await postgres.stop();
  }
}, 60_000);
