import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("the built store passes the suite where there is nothing of Node, as in a browser", async () => {
  const script = fileURLToPath(new URL("run-in-bare-context.mjs", import.meta.url));
  const flags = ["--experimental-vm-modules", "--experimental-import-meta-resolve", "--no-warnings"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script]);
  const { bare, passed, skipped, failed } = JSON.parse(stdout);
  expect(bare).toBe("undefinedundefinedundefined");
  expect(failed).toEqual([]);
  expect(passed).toBeGreaterThan(100);
  expect(skipped).toBeGreaterThan(0);
}, 120_000);
