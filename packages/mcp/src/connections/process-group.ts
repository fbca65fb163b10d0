import type { ChildProcess } from "node:child_process";
import { spawnSync } from "node:child_process";

/*
 * A stdio server often is a chain (npx → sh → node). On POSIX it is the leader of a process group of its own, and the
 * group is what we end; Windows has taskkill for the same.
 */

const alive = new Set<number>();
let hooked = false;

/** Remembers a group until it is ended, so that it does not outlive a host that exits without closing. */
export function trackGroup(pid: number): void {
  alive.add(pid);
  if (hooked) return;
  hooked = true;
  process.once("exit", () => {
    for (const group of alive) signalGroup(group, "SIGKILL");
  });
}

/** Sends a signal to every process of the group; a group that is gone is no error. */
export function signalGroup(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    if (process.platform === "win32")
      spawnSync("taskkill", ["/pid", String(pid), "/T", "/F"], { windowsHide: true });
    else process.kill(-pid, signal);
  } catch {
    // ESRCH: nobody is left. EPERM: what is left is not ours.
  }
  if (signal === "SIGKILL") alive.delete(pid);
}

/**
 * Ends a server as the protocol asks for: close its input, then SIGTERM, then SIGKILL to the whole group, each after
 * `graceMs`. Resolves when the leader has ended.
 */
export async function endGroup(child: ChildProcess, graceMs: number): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  child.stdin?.end();
  if (!(await endsWithin(child, graceMs))) {
    signalGroup(pid, "SIGTERM");
    await endsWithin(child, graceMs);
  }
  signalGroup(pid, "SIGKILL");
  await endsWithin(child, graceMs);
}

function endsWithin(child: ChildProcess, timeMs: number): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(true);
  return new Promise((resolve) => {
    const timer = setTimeout(() => done(false), timeMs);
    const onExit = () => done(true);
    const done = (ended: boolean) => {
      clearTimeout(timer);
      child.off("exit", onExit);
      resolve(ended);
    };
    child.once("exit", onExit);
  });
}
