import { randomBytes } from "node:crypto";
import { chown, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { programOf } from "./binaries.ts";
import { dataDirError, EmbeddedPostgresError, saysDiskFull } from "./errors.ts";
import { type ClusterPlace, clusterFolderName } from "./place-cluster.ts";
import { run } from "./run-as.ts";

/** The files of one PostgreSQL. They live and move together, in `<home>/postgres`. */
export interface Cluster {
  readonly place: ClusterPlace;
  /** What PostgreSQL itself owns. */
  readonly data: string;
  readonly log: string;
  /** The port that it had last. */
  readonly portFile: string;
  readonly password: string;
}

const user = "pawl";

/** The connection URL of a cluster that listens on `port`. */
export function urlOf({ password }: Cluster, port: number): string {
  return `postgresql://${user}:${password}@127.0.0.1:${port}/postgres`;
}

/**
 * The cluster of a place, made when there is none. Call it under the folder's lock.
 *
 * initdb works in a folder of another name, which is renamed when it is complete: a half-made cluster is never
 * taken for one, whatever happens in between.
 */
export async function openCluster(place: ClusterPlace, log: (message: string) => void): Promise<Cluster> {
  const folder = join(place.home, clusterFolderName);
  try {
    if (!(await exists(folder))) {
      await removeUnfinished(place.home);
      log("Making a new database.");
      await createCluster(place, folder);
    }
    await checkVersion(place, folder);
    const password = await readPassword(join(folder, "password"));
    return {
      place,
      password,
      data: join(folder, "data"),
      log: join(folder, "log"),
      portFile: join(folder, "port"),
    };
  } catch (error) {
    throw dataDirError(place.home, error);
  }
}

async function createCluster(place: ClusterPlace, folder: string): Promise<void> {
  const unfinished = `${folder}.new-${randomBytes(4).toString("hex")}`;
  const data = join(unfinished, "data");
  const passwordFile = join(unfinished, "password");
  const passwordForInitdb = join(unfinished, "password.initdb");
  const { account } = place.runAs;
  // Another account must get through to `data` and `log`, whatever the umask is; nobody needs more.
  await mkdir(unfinished, { mode: 0o700 });
  const folderHandle = await open(unfinished, "r");
  await folderHandle.chmod(account === undefined ? 0o700 : 0o711).finally(() => folderHandle.close());
  try {
    // 144 random bits cannot be guessed, so the password needs no stretching: see scram_iterations.
    const password = randomBytes(18).toString("base64url");
    await writeFile(passwordFile, password, { mode: 0o600, flush: true });
    await writeFile(passwordForInitdb, password, { mode: 0o600 });
    await mkdir(data, { mode: 0o700 });
    await writeFile(join(unfinished, "log"), "", { mode: 0o600 });
    if (account !== undefined)
      for (const path of [data, passwordForInitdb, join(unfinished, "log")])
        await chown(path, account.uid, account.gid);
    await initialise(place, data, passwordForInitdb);
    await rm(passwordForInitdb);
    await rename(unfinished, folder);
    await syncFolder(place.home);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** For one machine and a few dozen connections. Durability stays as PostgreSQL has it by default (D27). */
const settings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "", // A socket's path may be too long, and 127.0.0.1 is enough.
  max_connections: "100",
  shared_buffers: "64MB",
  max_wal_size: "256MB",
  io_method: "sync", // Saves three processes, whose read-ahead pays on large scans only.
  scram_iterations: "1",
  log_checkpoints: "off",
  log_timezone: "UTC",
  timezone: "UTC",
};

async function initialise(place: ClusterPlace, data: string, passwordFile: string): Promise<void> {
  const { code, stdout, stderr } = await run(place.runAs, programOf(place.binaries, "initdb"), [
    `--pgdata=${data}`,
    `--username=${user}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // PostgreSQL's own locale: text sorts the same after the system's libraries were updated.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
    ...Object.entries(settings).map(([name, value]) => `--set=${name}=${value}`),
  ]);
  if (code === 0) return;
  const reason = stderr.trim() || stdout.trim();
  if (saysDiskFull(reason)) throw new Error(reason);
  throw new EmbeddedPostgresError(
    "embedded_postgres_init_failed",
    `The database could not be made in ${place.home}. What initdb said:\n${reason.split("\n").slice(0, 12).join("\n")}`,
  );
}

async function checkVersion({ home, majorVersion }: ClusterPlace, folder: string): Promise<void> {
  const text = await readFile(join(folder, "data", "PG_VERSION"), "utf8").catch(
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === "EACCES") throw otherOwner(folder, cause);
      throw new EmbeddedPostgresError(
        "embedded_postgres_incomplete",
        `${folder} is not a whole PostgreSQL database (${cause.code} for data/PG_VERSION). Bring it back from a backup, or move it away to begin with an empty one.`,
        cause,
      );
    },
  );
  const found = Number.parseInt(text, 10);
  if (found === majorVersion) return;
  throw new EmbeddedPostgresError(
    "embedded_postgres_major_version",
    `The database in ${home} was made by PostgreSQL ${found}, and this Pawl brings PostgreSQL ${majorVersion}. Start the Pawl that made it and move the data with pg_dump, or choose another folder with PAWL_DATA_DIR.`,
  );
}

async function readPassword(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "EACCES") throw otherOwner(path, cause);
    throw new EmbeddedPostgresError(
      "embedded_postgres_incomplete",
      `The database's password cannot be read from ${path} (${cause.code}). Bring the file back from a backup.`,
      cause,
    );
  });
}

function otherOwner(path: string, cause: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    "data_dir_other_owner",
    `${path} belongs to another user. Run Pawl as the user that made this data folder, or choose another one with PAWL_DATA_DIR.`,
    cause,
  );
}

/** What a process that was killed during initdb has left. */
async function removeUnfinished(home: string): Promise<void> {
  for (const name of await readdir(home))
    if (name.startsWith(`${clusterFolderName}.new-`))
      await rm(join(home, name), { recursive: true, force: true, maxRetries: 10 });
}

/** Makes a rename last through a power cut. Windows knows no such call and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}
