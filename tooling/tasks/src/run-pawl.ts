// `pnpm pawl …` in a clone: builds when nothing was built yet, then runs the command line in this process.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "..", "..", "..");
const bin = join(root, "apps", "cli", "dist", "bin.js");

if (!existsSync(bin)) {
  process.stderr.write("Building Pawl first; this takes some seconds.\n");
  const tasks = join(import.meta.dirname, "run-tasks.ts");
  const args = [tasks, "build", "--filter=pawl...", "--output-logs=errors-only", "--log-order=grouped"];
  // All of it on stderr: stdout belongs to what was asked for.
  const { status } = spawnSync(process.execPath, args, { stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}
process.argv[1] = bin;
await import(pathToFileURL(bin).href);
