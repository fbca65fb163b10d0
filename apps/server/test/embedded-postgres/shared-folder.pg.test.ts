import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it, vi } from "vitest";
import { openEmbeddedPostgres } from "../../src/embedded-postgres/index.ts";
import { freshFolder, opener, postgresPid, query, startOpener } from "./harness.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

it("a new folder gets a durable PostgreSQL on 127.0.0.1, with a secret password", async () => {
  const dataDir = await freshFolder();
  const postgres = await openEmbeddedPostgres({ dataDir });
  try {
    expect(postgres.owner).toBe(true);
    expect(new URL(postgres.url).hostname).toBe("127.0.0.1");
    for (const setting of ["fsync", "synchronous_commit", "full_page_writes"])
      expect(await query(postgres.url, `show ${setting}`)).toEqual([{ [setting]: "on" }]);
    expect(await query(postgres.url, "show listen_addresses")).toEqual([{ listen_addresses: "127.0.0.1" }]);
    expect((await stat(join(dataDir, "postgres", "password"))).mode & 0o777).toBe(0o600);
    const wrong = new URL(postgres.url);
    wrong.password = "wrong";
    await expect(query(wrong.href, "select 1")).rejects.toThrow(/password authentication failed/);
  } finally {
    await postgres.close();
  }
});

it("1: processes that open one new folder at the same time share one PostgreSQL", async () => {
  const dataDir = await freshFolder();
  const openers = await Promise.all([opener(dataDir), opener(dataDir), opener(dataDir)]);
  expect(openers.filter(({ owner }) => owner)).toHaveLength(1);
  expect(new Set(openers.map(({ url }) => url)).size).toBe(1);
  await Promise.all(openers.map(({ close }) => close()));
  await expect(query(openers[0]!.url, "select 1")).rejects.toThrow(/ECONNREFUSED/);
});

it("3: the last one out stops PostgreSQL, and data and port are the same at the next start", async () => {
  const dataDir = await freshFolder();
  const first = await opener(dataDir);
  const second = await openEmbeddedPostgres({ dataDir });
  expect(second).toMatchObject({ owner: false, url: first.url });
  await query(first.url, "create table kept as select 42 as answer");
  await first.close();
  expect(await query(second.url, "select answer from kept")).toEqual([{ answer: 42 }]);
  await second.close();
  await second.close();
  await expect(query(second.url, "select 1")).rejects.toThrow(/ECONNREFUSED/);

  const again = await opener(dataDir);
  expect(again).toMatchObject({ owner: true, url: first.url });
  expect(await query(again.url, "select answer from kept")).toEqual([{ answer: 42 }]);
  await again.close();
});

it("3: two openings in one process count as two", async () => {
  const dataDir = await freshFolder();
  const [first, second] = await Promise.all([
    openEmbeddedPostgres({ dataDir }),
    openEmbeddedPostgres({ dataDir }),
  ]);
  await first.close();
  expect(await query(second.url, "select 1 as one")).toEqual([{ one: 1 }]);
  await second.close();
  await expect(query(second.url, "select 1")).rejects.toThrow(/ECONNREFUSED/);
});

it("2, 3: a process killed with SIGKILL is not counted, and takes nothing from the others", async () => {
  const dataDir = await freshFolder();
  const killed = await opener(dataDir);
  const other = await opener(dataDir);
  await killed.kill();
  expect(await query(other.url, "select 1 as one")).toEqual([{ one: 1 }]);
  await other.close();
  await expect(query(other.url, "select 1")).rejects.toThrow(/ECONNREFUSED/);
});

it("2: after all processes were killed the next one joins the PostgreSQL that still runs", async () => {
  const dataDir = await freshFolder();
  const killed = await Promise.all([opener(dataDir), opener(dataDir)]);
  const pid = await postgresPid(dataDir);
  await Promise.all(killed.map(({ kill }) => kill()));
  const next = await opener(dataDir);
  expect(next).toMatchObject({ owner: false, url: killed[0]!.url });
  expect(await postgresPid(dataDir)).toBe(pid);
  await next.close();
  await expect(query(next.url, "select 1")).rejects.toThrow(/ECONNREFUSED/);
});

it("2: of a process that ended without closing another one does it, unless somebody is still there", async () => {
  const dataDir = await freshFolder();
  const [first, second] = await Promise.all([opener(dataDir), opener(dataDir)]);
  const { url } = first;
  await query(url, "create table kept as select 42 as answer");
  await first.exit();
  expect(await query(url, "select answer from kept")).toEqual([{ answer: 42 }]);
  await second.exit();
  const stopped = () => expect(query(url, "select 1")).rejects.toThrow(/ECONNREFUSED/);
  await vi.waitFor(stopped, { timeout: 30_000, interval: 100 });
  // It was stopped and not killed: what it left needs no recovery.
  await vi.waitFor(
    async () => expect(await readdir(join(dataDir, "postgres", "data"))).not.toContain("postmaster.pid"),
    {
      timeout: 30_000,
    },
  );
  const next = await opener(dataDir);
  expect(next).toMatchObject({ owner: true, url });
  expect(await query(url, "select answer from kept")).toEqual([{ answer: 42 }]);
  await next.close();
});

it("4: a PostgreSQL killed with SIGKILL is started again under those who use it, with what was committed", async () => {
  const dataDir = await freshFolder();
  const openers = await Promise.all([opener(dataDir), opener(dataDir)]);
  const { url } = openers[0]!;
  await query(url, "create table kept as select 42 as answer");
  process.kill(await postgresPid(dataDir), "SIGKILL");
  await vi.waitFor(
    async () => expect(await query(url, "select answer from kept")).toEqual([{ answer: 42 }]),
    30_000,
  );
  await Promise.all(openers.map(({ close }) => close()));
  await expect(query(url, "select 1")).rejects.toThrow(/ECONNREFUSED/);
});

it("4: a PostgreSQL killed with SIGKILL while nobody was there is started again on the same data", async () => {
  const dataDir = await freshFolder();
  const killed = await opener(dataDir);
  await query(killed.url, "create table kept as select 42 as answer");
  await killed.kill();
  process.kill(await postgresPid(dataDir), "SIGKILL");
  const next = await opener(dataDir);
  expect(next).toMatchObject({ owner: true, url: killed.url });
  expect(await query(next.url, "select answer from kept")).toEqual([{ answer: 42 }]);
  await next.close();
});

it("4: who closes at the moment in which PostgreSQL is killed does not start it again, and ends", async () => {
  const dataDir = await freshFolder();
  const child = startOpener(dataDir);
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  child.send("close when lost");
  await once(child, "message");
  const exited = once(child, "exit");
  process.kill(await postgresPid(dataDir), "SIGKILL");
  expect(await exited).toEqual([0, null]);
  await expect(query(url, "select 1")).rejects.toThrow(/ECONNREFUSED/);
});

it("a postmaster.pid whose number is another process's by now does not hinder the start", async () => {
  const dataDir = await freshFolder();
  const killed = await opener(dataDir);
  const pidFile = join(dataDir, "postgres", "data", "postmaster.pid");
  await killed.kill();
  process.kill(await postgresPid(dataDir), "SIGKILL");
  const left = await readFile(pidFile, "utf8");
  await writeFile(pidFile, left.replace(/^\d+/, String(process.ppid)));
  const next = await opener(dataDir);
  expect(next.owner).toBe(true);
  await next.close();
});

it("1: a process killed during initdb leaves no lock and no half-made database", async () => {
  const dataDir = await freshFolder();
  const child = startOpener(dataDir);
  const unfinished = async () => (await readdir(dataDir)).filter((name) => name.startsWith("postgres.new-"));
  await vi.waitFor(
    async () => {
      const [name] = await unfinished();
      expect(await readdir(join(dataDir, name!, "data"))).toContain("base");
    },
    { timeout: 20_000, interval: 5 },
  );
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  expect(await readdir(dataDir)).not.toContain("postgres");

  const next = await opener(dataDir);
  expect(await query(next.url, "select 1 as one")).toEqual([{ one: 1 }]);
  expect(await unfinished()).toEqual([]);
  await next.close();
});

it("a process killed during the start leaves a PostgreSQL that the next one joins or starts", async () => {
  const dataDir = await freshFolder();
  await (await opener(dataDir)).close();
  const child = startOpener(dataDir);
  await vi.waitFor(() => postgresPid(dataDir), { timeout: 20_000, interval: 1 });
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  const next = await opener(dataDir);
  expect(await query(next.url, "select 1 as one")).toEqual([{ one: 1 }]);
  await next.close();
  await expect(query(next.url, "select 1")).rejects.toThrow(/ECONNREFUSED/);
});

it("as root, PostgreSQL keeps its data in a folder whose parents only root may enter", async ({ skip }) => {
  if (process.getuid?.() !== 0) skip("not root");
  const dataDir = await freshFolder();
  expect((await stat(dirname(dataDir))).mode & 0o777).toBe(0o700);
  const postgres = await openEmbeddedPostgres({ dataDir });
  try {
    const owner = (await stat(join(dataDir, "postgres", "data"))).uid;
    expect(owner).not.toBe(0);
    expect(await query(postgres.url, "show data_directory")).toEqual([
      { data_directory: join(dataDir, "postgres", "data") },
    ]);
  } finally {
    await postgres.close();
  }
});
