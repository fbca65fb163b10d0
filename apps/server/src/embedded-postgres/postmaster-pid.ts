import { execFile } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** What a running PostgreSQL has written into its data folder, and what a killed one has left there. */
export interface PostmasterPid {
  readonly pid: number;
  /** Absent while PostgreSQL has not written it yet. */
  readonly port: number | undefined;
}

const fileName = "postmaster.pid";

export async function readPostmasterPid(data: string): Promise<PostmasterPid | undefined> {
  const text = await readFile(join(data, fileName), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const lines = text.split("\n");
  const pid = Number.parseInt(lines[0] ?? "", 10);
  const port = Number.parseInt(lines[3] ?? "", 10);
  return { pid, port: Number.isNaN(port) ? undefined : port };
}

/**
 * True when the process that the file names is a PostgreSQL of this folder. Its number alone proves nothing:
 * after kill -9 it may be another process's by now (in a container it usually is), or that of a dead process
 * which nobody has collected (a container without an init).
 */
export async function isPostmasterOf(pid: number, data: string): Promise<boolean> {
  const state = await describeProcess(pid);
  return state !== undefined && !state.dead && state.command.includes(data);
}

/**
 * Makes a left-over file harmless. PostgreSQL refuses to start while the number in it belongs to any process,
 * so the number is replaced by one that no system gives. The file is not removed, because its other lines let
 * PostgreSQL find survivors of the killed server by their shared memory, and wait for them.
 */
export async function disarmPostmasterPid(data: string): Promise<void> {
  const path = join(data, fileName);
  const text = await readFile(path, "utf8");
  const lines = text.split("\n");
  lines[0] = String(nobodysPid);
  // In place, because the file must keep its owner; never shorter than before, so nothing old remains.
  const file = await open(path, "r+");
  try {
    await file.write(lines.join("\n"), 0);
  } finally {
    await file.close();
  }
}

// Above the highest process number of Linux (2^22) and macOS (99998), and still an int for PostgreSQL.
const nobodysPid = 2_147_483_646;

async function describeProcess(pid: number): Promise<{ dead: boolean; command: string } | undefined> {
  if (!Number.isInteger(pid) || pid <= 1 || !exists(pid)) return undefined;
  if (process.platform === "win32") return { dead: false, command: "" };
  if (process.platform !== "linux") {
    const { stdout } = await promisify(execFile)("ps", ["-o", "stat=,command=", "-p", String(pid)]).catch(
      () => ({
        stdout: "",
      }),
    );
    return stdout === "" ? undefined : { dead: stdout.trimStart().startsWith("Z"), command: stdout };
  }
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8");
    // The program's name is in parentheses and may hold anything; the state follows the last one.
    return { dead: /^[ZX]$/.test(stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3)), command };
  } catch {
    return undefined;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
