import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../machine-facts.ts";

/** What the bench ends with for a cell that it does not have. */
const UNKNOWN_ARGUMENTS = 2;

/** Another commit of this repository, built in a folder of its own. */
export interface CheckedOut {
  /** Runs that commit's bench. @returns its stdout; empty when it knows nothing of what is asked @throws Error when it fails */
  bench(args: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/** @throws Error for a name that is no commit, or one that cannot be built */
export async function checkOut(commit: string, signal: AbortSignal): Promise<CheckedOut> {
  const id = await commitOf(commit);
  const folder = await mkdtemp(join(tmpdir(), "pawl-bench-against-"));
  const close = async () => {
    // Not with those that an interrupt ends: the folder would stay.
    await run("git", ["worktree", "remove", "--force", folder], { cwd: ROOT, detached: true });
    await rm(folder, { recursive: true, force: true });
  };
  const must = async (command: string, args: readonly string[]) => {
    const { code } = await run(command, args, { cwd: folder, signal });
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`${commit} cannot be built: "${args.join(" ")}" ended with ${code}.`);
  };
  try {
    const added = await run("git", ["worktree", "add", "--detach", folder, id], { cwd: ROOT });
    if (added.code !== 0) throw new Error(`${commit} cannot be checked out.`);
    await must(...pnpm("install", "--frozen-lockfile", "--reporter=silent"));
    // Its command installs and builds what it measures before it measures this, which is short.
    await must(process.execPath, [
      "tooling/tasks/src/run-bench.ts",
      "--quick",
      "--only",
      "machine",
      "--json",
    ]);
  } catch (cause) {
    await close();
    throw cause;
  }
  const built = join(folder, "bench", "dist", "main.js");
  const main = existsSync(built) ? built : join(folder, "bench", "src", "main.ts");
  return {
    async bench(args) {
      const { code, stdout } = await run(process.execPath, [main, ...args], { cwd: folder, signal });
      signal.throwIfAborted();
      // A peer that failed there ends it with 1 too, after the figures of the others.
      if (code !== 0 && code !== UNKNOWN_ARGUMENTS && stdout === "")
        throw new Error(`${commit} could not measure it: "${args.join(" ")}" ended with ${code}.`);
      return stdout;
    },
    close,
  };
}

async function commitOf(name: string): Promise<string> {
  // A fresh clone has the branches of its origin only under that name.
  for (const candidate of [name, `origin/${name}`]) {
    const { code, stdout } = await run("git", ["rev-parse", "--verify", "--quiet", `${candidate}^{commit}`], {
      cwd: ROOT,
    });
    if (code === 0) return stdout.trim();
  }
  throw new Error(
    `There is no commit and no file "${name}" here. Name a branch, a tag, a commit or a file of JSON lines; a shallow clone is given a branch of its origin by \`git fetch origin ${name}:${name}\`.`,
  );
}

/** By the pnpm that runs this: a script of Node's or a program, by where it came from. */
function pnpm(...args: readonly string[]): [string, readonly string[]] {
  const own = process.env.npm_execpath ?? "pnpm";
  return /\.[cm]?js$/.test(own) ? [process.execPath, [own, ...args]] : [own, args];
}

interface RunOptions {
  readonly cwd: string;
  readonly signal?: AbortSignal;
  /** In a process group of its own. */
  readonly detached?: boolean;
}

/** What it says beside is of no interest here. */
async function run(command: string, args: readonly string[], { cwd, signal, detached = false }: RunOptions) {
  const child = spawn(command, args, { cwd, detached, stdio: ["ignore", "pipe", "ignore"] });
  const stop = () => child.kill("SIGTERM");
  signal?.addEventListener("abort", stop);
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stdout };
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
