import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeFolder, pawl } from "./pawl-process.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

describe("pawl migrate", { timeout: 60_000 }, () => {
  it("prints the SQL of everything, and starts nothing for it", async () => {
    const { code, stdout, stderr } = await pawl(["migrate", "--print", "--data-dir", folder.path]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^-- Pawl: migrations 1 to \d+ of schema "pawl"/);
    expect(stdout).toMatch(/^create table "pawl"\.sessions \($/m);
    expect(stdout).toMatch(/\ncommit;\n$/);
    const { sql } = JSON.parse((await pawl(["migrate", "--print", "--json"])).stdout);
    expect(sql).toBe(stdout);
  });

  it("migrates the database of the data folder, and says the second time that there is nothing to do", async () => {
    const here = ["--data-dir", folder.path];
    const first = await pawl(["migrate", ...here]);
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/^Schema pawl is at version \d+ now. Applied:\n {2}0001-first-tables.sql\n/);
    const again = await pawl(["migrate", ...here]);
    expect(again.stdout).toMatch(/^Schema pawl is up to date, at version \d+\.\n$/);
    const report = JSON.parse((await pawl(["migrate", "--json", ...here])).stdout);
    expect(report).toMatchObject({ schema: "pawl", applied: [] });
  });

  it("says what to do when the database cannot be reached, and never the password", async () => {
    const env = { DATABASE_URL: "postgres://u:hidden@127.0.0.1:1/x" };
    for (const args of [["migrate"], ["migrate", "--print"]]) {
      const { code, stdout, stderr } = await pawl(args, { env });
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/cannot be reached: nothing listens there/);
      expect(stderr).not.toMatch(/hidden/);
    }
  });
});
