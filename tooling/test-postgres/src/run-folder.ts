import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

// A run's folder says by its name who made it: this host (a container may share /tmp) and the process.
const prefix = `pawl-test-postgres-${hostname().replaceAll(/[^A-Za-z0-9.]/g, "")}`;
const folderName = new RegExp(`^${prefix.replaceAll(".", "\\.")}-(\\d+)-[A-Za-z0-9]{6}$`);

/** The file in a run's folder that holds the URL of its PostgreSQL. */
export const urlFileName = "url";

/** Makes the folder of this run. Everybody may enter it, because PostgreSQL may run as another user. */
export async function createRunFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `${prefix}-${process.pid}-`));
  await chmod(folder, 0o755);
  return folder;
}

/** Ends and removes what runs that were killed have left behind. Runs that are alive are not touched. */
export async function sweepStaleFolders(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = folderName.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = join(tmpdir(), name);
    await stopOrphan(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
  }
}

/**
 * Stops the PostgreSQL that still runs in `folder`. The number in postmaster.pid may belong to another
 * process by now, so it is believed only when the server itself says that this is its folder.
 */
async function stopOrphan(folder: string): Promise<void> {
  const url = await readFile(join(folder, urlFileName), "utf8").catch(() => undefined);
  const lines = await readFile(join(folder, "data", "postmaster.pid"), "utf8").catch(() => undefined);
  if (url === undefined || lines === undefined) return;
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ folder: string }>(
      "select current_setting('data_directory') as folder",
    );
    const closed = new Promise((resolve) => client.once("end", resolve));
    if (rows[0]?.folder === join(folder, "data")) process.kill(Number.parseInt(lines, 10), "SIGQUIT");
    else await client.end();
    await closed;
  } catch {
    // Nobody answers: there is nothing to stop.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
