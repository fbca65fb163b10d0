import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const BIN = join(dirname(require.resolve("pawl/package.json")), "dist", "bin.js");

export interface PawlProcess {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when stdout matches, rejects when the process ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  kill(signal: NodeJS.Signals): Promise<number | string>;
}

export interface PawlOptions {
  readonly cwd: string;
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** `pipe`: the test writes to it. Default `ignore`. */
  readonly stdin?: "pipe" | "ignore";
}

/** The built command line as a process of its own, with nothing of the test's environment that could steer it. */
export function pawl(
  args: readonly string[],
  { cwd, dataDir, env = {}, stdin = "ignore" }: PawlOptions,
): PawlProcess {
  const { PATH, HOME, TMPDIR } = process.env;
  const inherited = Object.fromEntries(
    Object.entries({ PATH, HOME, TMPDIR }).filter(([, v]) => v !== undefined),
  );
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: { ...inherited, PAWL_DATA_DIR: dataDir, NO_COLOR: "1", ...env } as NodeJS.ProcessEnv,
    stdio: [stdin, "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  const listeners = new Set<() => void>();
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    for (const listener of listeners) listener();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  return {
    child,
    stdout: () => out,
    stderr: () => err,
    ended,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(out);
          if (match) {
            listeners.delete(look);
            resolve(match);
          }
        };
        listeners.add(look);
        look();
        ended.then((how) =>
          reject(new Error(`It ended with ${how} before it said ${pattern}.\n${out}\n${err}`)),
        );
      }),
    async kill(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** The objects of `--json`, one a line. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
