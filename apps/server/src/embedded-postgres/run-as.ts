import { spawn } from "node:child_process";
import { parse } from "node:path";

/** A user and group, by number. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who runs PostgreSQL's programs: nobody else (no account), another account, or another account that keeps
 * one capability of root (Linux).
 */
export interface RunAs {
  readonly account?: Account;
  readonly capability?: "dac_read_search" | "dac_override";
}

/** How a program ended. `code` is null when it could not be started or was killed. */
export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and keeps what it says. Never throws. */
export async function run(runAs: RunAs, program: string, args: readonly string[]): Promise<RunResult> {
  const { account, capability } = runAs;
  const [command, commandArgs] =
    account !== undefined && capability !== undefined
      ? ["setpriv", [...setprivArgs(account, capability), program, ...args]]
      : [program, args];
  const child = spawn(command, commandArgs, {
    ...(account !== undefined && capability === undefined ? account : {}),
    // The current folder may be closed to the account.
    cwd: parse(process.execPath).root,
    env: quietEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: null, stdout, stderr: `${error.message}\n${stderr}` }));
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

function setprivArgs({ uid, gid }: Account, capability: string): string[] {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  // access(2), by which PostgreSQL looks for its own files, counts capabilities under this bit only.
  const bits = "--securebits=+no_setuid_fixup";
  return [...ids, bits, `--inh-caps=+${capability}`, `--ambient-caps=+${capability}`, "--"];
}

/**
 * PostgreSQL outlives this process, so it gets none of its secrets, and no PG* variable that would change
 * what it does. Its messages stay English, because the log is read for reasons.
 */
function quietEnvironment(): NodeJS.ProcessEnv {
  const kept = ["PATH", "TMPDIR", "TEMP", "TMP", "SystemRoot", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];
  const entries = kept.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(entries), LC_ALL: "C" };
}
