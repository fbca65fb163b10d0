import { once } from "node:events";
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PawlError } from "@pawl/core";
import { expect, it, vi } from "vitest";
import { findBinaries } from "../../src/embedded-postgres/binaries.ts";
import { dataDirError } from "../../src/embedded-postgres/errors.ts";
import { openEmbeddedPostgres } from "../../src/embedded-postgres/index.ts";
import { freshFolder, otherUser, query, startOpener } from "./harness.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

async function refusal(dataDir: string): Promise<PawlError> {
  const error = await openEmbeddedPostgres({ dataDir }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PawlError) return error;
  throw new Error("It opened, or threw something else than a PawlError.", { cause: error });
}

/** A folder with a database in it that nobody uses. */
async function usedFolder(): Promise<string> {
  const dataDir = await freshFolder();
  await (await openEmbeddedPostgres({ dataDir })).close();
  return dataDir;
}

it("a data folder that is a file, or lies under one, is refused", async () => {
  const dataDir = await freshFolder();
  await writeFile(dataDir, "");
  for (const path of [dataDir, join(dataDir, "below")]) {
    const { code, message } = await refusal(path);
    expect(code).toBe("data_dir_not_a_folder");
    expect(message).toMatch(/is a file.*Choose a folder with PAWL_DATA_DIR/);
  }
  expect(await readFile(dataDir, "utf8")).toBe("");
});

it("a data folder that this user may not write to is refused", async ({ skip }) => {
  const uid = await otherUser();
  if (process.getuid?.() === 0 && uid === undefined) skip("no other user can enter this clone");
  const dataDir = await freshFolder();
  await chmod(dirname(dataDir), 0o755);
  await mkdir(dataDir, { mode: 0o555 });
  const child = startOpener(dataDir, uid === undefined ? {} : { uid });
  const [answer] = await once(child, "message");
  expect(answer).toMatchObject({
    code: "data_dir_unwritable",
    message: expect.stringMatching(/cannot write to the data folder .*EACCES.*PAWL_DATA_DIR/),
  });
});

it("as an ordinary user a new folder is opened, and the folder of another user is refused", async ({
  skip,
}) => {
  const uid = await otherUser();
  if (uid === undefined) return skip("needs root, to become two users who can enter this clone");
  const folder = await mkdtemp(join(tmpdir(), "pawl-embedded-user-"));
  try {
    await chmod(folder, 0o777);
    const dataDir = join(folder, "data");
    const owner = startOpener(dataDir, { uid });
    expect((await once(owner, "message"))[0]).toMatchObject({ owner: true });
    const other = startOpener(dataDir, { uid: uid - 1 });
    expect((await once(other, "message"))[0]).toMatchObject({ code: "data_dir_unwritable" });
    await chmod(dataDir, 0o777);
    await chmod(join(dataDir, "postgres.lock"), 0o666);
    const third = startOpener(dataDir, { uid: uid - 1 });
    expect((await once(third, "message"))[0]).toMatchObject({
      code: "data_dir_other_owner",
      message: expect.stringMatching(/belongs to another user/),
    });
    // Root joins what the user's process has started, and leaves it running.
    const asRoot = await openEmbeddedPostgres({ dataDir });
    expect(asRoot.owner).toBe(false);
    await asRoot.close();
    expect(await query(asRoot.url, "select 1 as one")).toEqual([{ one: 1 }]);
    const exited = once(owner, "exit");
    owner.send("close");
    await exited;
    // Root starts it as the user that the files belong to, and the user can still open it afterwards.
    const again = await openEmbeddedPostgres({ dataDir });
    expect(again.owner).toBe(true);
    await again.close();
    const back = startOpener(dataDir, { uid });
    expect((await once(back, "message"))[0]).toMatchObject({ owner: true });
    const ended = once(back, "exit");
    back.send("close");
    await ended;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it("a database of another major version is refused and left as it is", async () => {
  const dataDir = await usedFolder();
  const versionFile = join(dataDir, "postgres", "data", "PG_VERSION");
  await writeFile(versionFile, "17\n");
  const { code, message } = await refusal(dataDir);
  expect(code).toBe("embedded_postgres_major_version");
  expect(message).toMatch(/made by PostgreSQL 17, and this Pawl brings PostgreSQL 18.*pg_dump/);
  expect(await readFile(versionFile, "utf8")).toBe("17\n");
});

it("a database whose files are partly gone is refused, never made anew", async () => {
  const dataDir = await usedFolder();
  await rm(join(dataDir, "postgres", "password"));
  expect(await refusal(dataDir)).toMatchObject({ code: "embedded_postgres_incomplete" });
  await rm(join(dataDir, "postgres", "data"), { recursive: true });
  expect(await refusal(dataDir)).toMatchObject({ code: "embedded_postgres_incomplete" });
});

it("a start that fails shows the end of PostgreSQL's log", async () => {
  const dataDir = await usedFolder();
  await appendFile(join(dataDir, "postgres", "data", "postgresql.conf"), "no_such_setting = 1\n");
  const { code, message } = await refusal(dataDir);
  expect(code).toBe("embedded_postgres_start_failed");
  expect(message).toMatch(/did not start[\s\S]*unrecognized configuration parameter "no_such_setting"/);
});

it("a remembered port that somebody else has taken is replaced by a free one", async () => {
  const dataDir = await usedFolder();
  const portFile = join(dataDir, "postgres", "port");
  const taken = createServer().listen(Number(await readFile(portFile, "utf8")), "127.0.0.1");
  await once(taken, "listening");
  try {
    const postgres = await openEmbeddedPostgres({ dataDir });
    expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
    expect(new URL(postgres.url).port).toBe((await readFile(portFile, "utf8")).trim());
    await postgres.close();
  } finally {
    taken.close();
  }
});

it("a platform without binaries is named, with the way out", async () => {
  await expect(findBinaries("plan9", "pdp11")).rejects.toMatchObject({
    code: "embedded_postgres_missing_binary",
    message: expect.stringMatching(/plan9-pdp11.*DATABASE_URL/),
  });
});

it("a full disk is said in a sentence", async ({ skip }) => {
  if (process.platform !== "linux") skip("needs /dev/full");
  const thrown = await writeFile("/dev/full", "x").catch((error: unknown) => error);
  expect(dataDirError("/data", thrown)).toMatchObject({
    code: "disk_full",
    message: expect.stringMatching(/disk that holds \/data is full/),
  });
});

it.each([
  "could not write to file: No space left on device",
  'FATAL:  could not extend file "base/1/2691": wrote only 4096 of 8192 bytes at block 9\nHINT:  Check free disk space.',
])("a full disk is recognised in what PostgreSQL says: %s", (said) => {
  expect(dataDirError("/data", new Error(said))).toMatchObject({ code: "disk_full" });
});

it("an error that has nothing to do with the folder stays what it is", () => {
  const bug = new TypeError("x is not a function");
  expect(dataDirError("/data", bug)).toBe(bug);
});
