import { spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { openCluster } from "./cluster.ts";
import { withFolderLock } from "./folder-lock.ts";
import { clusterFolderName, placeCluster } from "./place-cluster.ts";
import { becomePresent } from "./presence.ts";
import { runningServer, stopServer } from "./server-process.ts";

const silent = () => undefined;

/** The lock of a data folder, and what may be done under it alone. */
export const lockFileOf = (folder: string) => join(folder, "postgres.lock");

/**
 * Stops the PostgreSQL of a data folder when it runs and nobody is there. `gone`: a process that has ended, or is about to.
 *
 * @throws EmbeddedPostgresError
 */
export async function leaveEmbeddedPostgres(folder: string, gone: number): Promise<void> {
  await stat(join(folder, clusterFolderName));
  await withFolderLock(lockFileOf(folder), silent, async () => {
    const cluster = await openCluster(await placeCluster(folder, silent), silent);
    const url = await runningServer(cluster);
    if (url === undefined) return;
    const presence = await becomePresent(url);
    const last = !(await presence.othersAreHere({ except: gone }));
    await presence.leave();
    if (last) await stopServer(cluster);
  });
}

/**
 * For a process that ends without having closed what it opened (a second Ctrl-C, an error that nobody caught): another process does it.
 * A process that is killed cannot say so; what it leaves running is joined by the next one.
 *
 * @returns how to take it back: the process has closed
 */
export function leaveAtExit(folder: string): () => void {
  const onExit = () => {
    const program = createRequire(import.meta.url).resolve("@pawl/server/leave-postgres");
    spawn(process.execPath, [program, folder, String(process.pid)], {
      detached: true,
      stdio: "ignore",
      windowsHide: true,
    }).unref();
  };
  process.once("exit", onExit);
  return () => process.off("exit", onExit);
}
