import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { placeCluster } from "../../src/embedded-postgres/place-cluster.ts";
import { run } from "../../src/embedded-postgres/run-as.ts";

vi.setConfig({ testTimeout: 60_000 });

const isRoot = process.getuid?.() === 0;
const log: string[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pawl-place-"));
  log.length = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const say = (message: string) => void log.push(message);

/** As on a system whose root cannot hand on a capability: `setpriv` is not found. */
async function withoutSetpriv(): Promise<void> {
  const programs = join(folder, "bin");
  await mkdir(programs);
  await symlink("/usr/bin/id", join(programs, "id"));
  vi.stubEnv("PATH", programs);
}

it.skipIf(isRoot)("an ordinary user runs PostgreSQL itself, in the data folder", async () => {
  const place = await placeCluster(folder, say);
  expect(place).toMatchObject({ home: folder, runAs: {} });
  expect(place.majorVersion).toBeGreaterThanOrEqual(18);
});

describe.runIf(isRoot)("root", () => {
  it("hands PostgreSQL to another account, and no capability when it can reach everything", async ({
    skip,
  }) => {
    await chmod(folder, 0o755);
    const place = await placeCluster(folder, say);
    expect(place.home).toBe(folder);
    expect(place.runAs.account?.uid).toBeGreaterThan(0);
    const bare = { account: place.runAs.account! };
    const reachable = await run(bare, join(place.binaries.folder, "bin", "postgres"), ["--version"]);
    if (reachable.code !== 0) skip("this clone lies under a closed folder");
    expect(place.runAs.capability).toBeUndefined();
  });

  it("lets the account through closed folders by a capability, and moves nothing", async () => {
    const home = join(folder, "data");
    await mkdir(home);
    const place = await placeCluster(home, say);
    expect(place.home).toBe(home);
    expect(place.runAs.capability).toMatch(/^dac_/);
    const { stdout } = await run(place.runAs, "/bin/sh", ["-c", "id -u"]);
    expect(stdout.trim()).toBe(String(place.runAs.account?.uid));
    expect(log).toEqual([]);
  });

  it("moves the database where no capability can be had, says so, and finds it again", async () => {
    await withoutSetpriv();
    const home = join(folder, "closed", "data");
    await mkdir(home, { recursive: true });
    await chmod(folder, 0o755);
    await chmod(join(folder, "closed"), 0o700);
    const movedHomes = join(folder, "moved");
    const place = await placeCluster(home, say, { movedHomes });
    expect(place.home.startsWith(`${movedHomes}/`)).toBe(true);
    expect(place.runAs.capability).toBeUndefined();
    expect(log.join()).toMatch(/so the database lies in .*Back up both folders/);
    expect((await readFile(join(home, "postgres.moved"), "utf8")).trim()).toBe(place.home);

    // Another start finds it, also when the account could enter the data folder by now.
    await chmod(join(folder, "closed"), 0o755);
    expect((await placeCluster(home, say, { movedHomes })).home).toBe(place.home);

    // A container that lost it gets no empty database in silence.
    await rm(place.home, { recursive: true });
    await expect(placeCluster(home, say, { movedHomes })).rejects.toMatchObject({
      code: "embedded_postgres_incomplete",
      message: expect.stringMatching(/was kept in .*which is gone/),
    });
  });

  it("does not hide a database that is there behind a new one elsewhere", async () => {
    await withoutSetpriv();
    await mkdir(join(folder, "postgres", "data"), { recursive: true });
    await expect(placeCluster(folder, say, { movedHomes: join(folder, "moved") })).rejects.toMatchObject({
      code: "embedded_postgres_unreachable",
      message: expect.stringMatching(/cannot enter .*chmod o\+x/),
    });
    await expect(stat(join(folder, "postgres.moved"))).rejects.toThrow(/ENOENT/);
  });
});
