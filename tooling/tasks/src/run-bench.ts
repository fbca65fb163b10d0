// `pnpm bench …`: installs `bench/`, a project of its own, builds what it measures, and runs it with the arguments given.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");
const bench = join(root, "bench");
const args = process.argv.slice(2);

/** All of it on stderr: stdout belongs to the figures. */
function prepare(command: string, commandArgs: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, commandArgs, { cwd, stdio: ["ignore", 2, 2] });
  if (error !== undefined) process.stderr.write(`${command} cannot be run: ${error.message}\n`);
  if (status !== 0) process.exit(status ?? 1);
}

/** The pnpm that runs this: a script of Node's or a program, by where it came from. */
function pnpm(commandArgs: readonly string[], cwd: string): void {
  const own = process.env.npm_execpath ?? "pnpm";
  if (/\.[cm]?js$/.test(own)) prepare(process.execPath, [own, ...commandArgs], cwd);
  else prepare(own, commandArgs, cwd);
}

pnpm(["install", "--frozen-lockfile", "--reporter=silent"], bench);
const tasks = join(import.meta.dirname, "run-tasks.ts");
const quiet = ["--output-logs=errors-only", "--log-order=grouped"];
prepare(
  process.execPath,
  [tasks, "build", "--filter=./packages/*", "--filter=@pawl/test-postgres", ...quiet],
  root,
);
const { status } = spawnSync(process.execPath, [join(bench, "src", "main.ts"), ...args], {
  stdio: "inherit",
});
process.exit(status ?? 1);
