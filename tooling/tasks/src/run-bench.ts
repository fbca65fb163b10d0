// `pnpm bench …`: installs `bench/`, a project of its own, builds what it measures, and runs it with the arguments given.
import { spawn } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");
const bench = join(root, "bench");
const args = process.argv.slice(2);
/** On stderr: stdout belongs to the figures. */
const quiet = ["ignore", 2, 2] as const;

let running: ReturnType<typeof spawn> | undefined;
let stopped = false;
// The terminal sends an interrupt to the child too; it ends, and then this ends.
process.on("SIGINT", () => {
  stopped = true;
});
process.on("SIGTERM", () => {
  stopped = true;
  running?.kill("SIGTERM");
});

/** Ends this process with the child's code when that is not 0, and when it was told to end meanwhile. */
async function run(
  command: string,
  commandArgs: readonly string[],
  { cwd = root, stdio = quiet }: { cwd?: string; stdio?: typeof quiet | "inherit" } = {},
): Promise<void> {
  const child = spawn(command, commandArgs, { cwd, stdio: stdio === "inherit" ? stdio : [...stdio] });
  running = child;
  const code = await new Promise<number>((resolve) => {
    child.once("error", (error) => {
      process.stderr.write(`${command} cannot be run: ${error.message}\n`);
      resolve(1);
    });
    child.once("close", (status) => resolve(status ?? 1));
  });
  // Whoever was interrupted may have ended well: what was to come after it must not come.
  if (code !== 0 || stopped) process.exit(code || 130);
}

/** By the pnpm that runs this: a script of Node's or a program, by where it came from. */
async function pnpm(commandArgs: readonly string[], cwd: string): Promise<void> {
  const own = process.env.npm_execpath ?? "pnpm";
  if (/\.[cm]?js$/.test(own)) await run(process.execPath, [own, ...commandArgs], { cwd });
  else await run(own, commandArgs, { cwd });
}

// Who asks for help, or has mistyped, waits for no build.
await run(process.execPath, [join(bench, "src", "check-arguments.ts"), ...args], { stdio: "inherit" });
if (!args.includes("--help") && !args.includes("-h")) {
  await pnpm(["install", "--frozen-lockfile", "--reporter=silent"], bench);
  const packages = ["--filter=./packages/*", "--filter=@pawl/server", "--filter=@pawl/test-postgres"];
  const logs = ["--output-logs=errors-only", "--log-order=grouped"];
  await run(process.execPath, [join(import.meta.dirname, "run-tasks.ts"), "build", ...packages, ...logs]);
  // Built, so that nobody's process carries what reads TypeScript.
  await pnpm(["run", "--silent", "build"], bench);
  await run(process.execPath, [join(bench, "dist", "main.js"), ...args], { stdio: "inherit" });
}
