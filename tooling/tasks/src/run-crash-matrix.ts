// `pnpm crash-matrix …`: builds what is crashed, and runs the matrix with the arguments given.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "..", "..", "..");
const args = process.argv.slice(2);

// Who asks for help waits for no build.
if (!args.includes("--help") && !args.includes("-h")) {
  const packages = ["--filter=./packages/*", "--filter=@pawl/test-postgres"];
  const logs = ["--output-logs=errors-only", "--log-order=grouped"];
  const build = [join(import.meta.dirname, "run-tasks.ts"), "build", ...packages, ...logs];
  // On stderr: stdout belongs to the table.
  const { status } = spawnSync(process.execPath, build, { stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}
const main = join(root, "tests", "crash-matrix", "main.ts");
process.argv[1] = main;
await import(pathToFileURL(main).href);
