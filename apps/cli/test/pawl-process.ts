import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../dist/bin.js", import.meta.url));

/** A real MCP server, started by command as a user would. */
export const EVERYTHING = `${process.execPath} ${createRequire(import.meta.url).resolve("@modelcontextprotocol/server-everything/dist/index.js")}`;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PawlProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout(): string;
  stderr(): string;
  /** Resolves when stdout has matched. Rejects with what was said when the process ended before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

export interface PawlOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
}

/** A test that ran out of time leaves none of them behind. SIGTERM, so that they stop their PostgreSQL. */
const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGTERM");
});

/** The built program in a process of its own, with nothing of this process's configuration. */
export function startPawl(args: readonly string[], { env = {}, stdin, cwd }: PawlOptions = {}): PawlProcess {
  const { PATH, HOME, TMPDIR } = process.env;
  const inherited = Object.fromEntries(
    Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined),
  );
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...inherited, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    ...(cwd !== undefined && { cwd }),
  });
  living.add(child);
  child.once("exit", () => living.delete(child));
  child.stdin.end(stdin ?? "");
  let stdout = "";
  let stderr = "";
  const waiting = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return {
    child,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(stdout);
          if (match === null) return;
          waiting.delete(look);
          resolve(match);
        };
        waiting.add(look);
        look();
        void ended.then(({ code }) => {
          reject(new Error(`It ended with ${code} and never said ${pattern}.\n${stdout}\n${stderr}`));
        });
      }),
  };
}

export function pawl(args: readonly string[], options?: PawlOptions): Promise<Ended> {
  return startPawl(args, options).ended;
}

export interface Server {
  readonly process: PawlProcess;
  readonly url: string;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

export async function startServer(
  dataDir: string,
  args: readonly string[] = ["--port", "0"],
): Promise<Server> {
  const process_ = startPawl(["serve", "--data-dir", dataDir, ...args]);
  const [, url] = await process_.says(/ready at (http:\S+)/);
  return {
    process: process_,
    url: url as string,
    stop(signal = "SIGTERM") {
      process_.child.kill(signal);
      return process_.ended;
    },
  };
}

export async function makeFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "pawl-cli-"));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

export function jsonLines(text: string): readonly Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
