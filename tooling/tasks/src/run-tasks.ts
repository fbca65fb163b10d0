// Runs turbo with the arguments given: `node tooling/tasks/src/run-tasks.ts build --filter=pawl...`.
// With telemetry off on every system, and, when tests are among the tasks, with one line at the end that says how
// many passed in all packages together.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { reportRun, type TurboSummary } from "./run-report.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const runs = join(root, ".turbo", "runs");
const args = process.argv.slice(2);
const withTests = args.includes("test");

mkdirSync(runs, { recursive: true });
const earlier = new Set(readdirSync(runs));
const turbo = createRequire(join(root, "package.json")).resolve("turbo/bin/turbo");
const child = spawn(process.execPath, [turbo, "run", ...args, ...(withTests ? ["--summarize"] : [])], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" },
});
// The terminal sends an interrupt to turbo too; it ends its tasks, and then this ends.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("close", (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
  if (withTests && signal === null) tellResults();
});

function tellResults(): void {
  const file = readdirSync(runs).find((name) => !earlier.has(name));
  if (file === undefined) return;
  const summary = JSON.parse(readFileSync(join(runs, file), "utf8")) as TurboSummary;
  rmSync(join(runs, file));
  const { counts, failures } = reportRun(summary, (log) => {
    const path = join(root, log);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  });
  if (failures.length > 0) {
    console.log("\nFailed:");
    for (const failure of failures) console.log(`  ${failure}`);
    console.log("What depends on them was not run.");
    process.exitCode ||= 1;
  }
  console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
}
