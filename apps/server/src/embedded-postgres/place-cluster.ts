import { createHash, randomBytes } from "node:crypto";
import { cp, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Binaries, findBinaries, programOf } from "./binaries.ts";
import { EmbeddedPostgresError } from "./errors.ts";
import { type Account, type RunAs, type RunResult, run } from "./run-as.ts";

/** Where a data folder's PostgreSQL lies and who runs it. */
export interface ClusterPlace {
  /** The folder that holds the `postgres` folder of cluster.ts: the data folder, or the one it was moved to. */
  readonly home: string;
  readonly binaries: Binaries;
  readonly runAs: RunAs;
  /** Of the binaries. */
  readonly majorVersion: number;
}

/**
 * PostgreSQL refuses to run as root, so root hands it to another account. That account must reach the data
 * folder and the binaries, and cannot when either lies under a folder that only root may enter: a clone in
 * /root or in a `mktemp -d`. Three ways are tried, each by really running a program that way:
 *
 * 1. The account as it is.
 * 2. The account with one capability of root, the right to pass through closed folders, kept for PostgreSQL
 *    (`setpriv`, on every Debian, Ubuntu and Fedora). Nothing moves, and the files are the same as in 1, so a
 *    folder may change between the two.
 * 3. What cannot be reached moves to /var/lib/pawl: the binaries as a copy, the database for good, with a file
 *    in the data folder that says where. It is the last way because a backup of the data folder, or a container
 *    whose volume it is, would then leave the database out.
 *
 * A user namespace would serve too, but containers forbid it; and opening the parents' modes is not ours to do.
 */
export async function placeCluster(
  dataDir: string,
  log: (message: string) => void,
  { movedHomes = "/var/lib/pawl" } = {},
): Promise<ClusterPlace> {
  const binaries = await findBinaries();
  if (process.getuid?.() !== 0) return inPlace(dataDir, binaries, {});

  const moved = await movedHome(dataDir);
  const home = moved ?? dataDir;
  const account = await accountFor(home);
  const ways: RunAs[] = [
    { account },
    { account, capability: "dac_read_search" },
    { account, capability: "dac_override" },
  ];
  for (const runAs of ways)
    if ((await reaches(runAs, home)) && (await versionOf(runAs, binaries)) !== undefined)
      return inPlace(home, binaries, runAs);

  const runAs = { account };
  const copied = (await versionOf(runAs, binaries)) ? binaries : await copyBinaries(binaries, movedHomes);
  if (await reaches(runAs, home)) return inPlace(home, copied, runAs);
  const newHome = join(movedHomes, createHash("sha256").update(dataDir).digest("hex").slice(0, 16));
  if (await exists(join(home, clusterFolderName))) throw unreachable(home, account);
  await mkdir(newHome, { recursive: true, mode: 0o755 });
  if (!(await reaches(runAs, newHome))) throw unreachable(newHome, account);
  await writeFile(join(dataDir, pointerName), `${newHome}\n`);
  log(
    `PostgreSQL cannot run as root, and its account cannot enter ${dataDir}, so the database lies in ${newHome}. Back up both folders.`,
  );
  return inPlace(newHome, copied, runAs);
}

/** The folder that holds everything of one PostgreSQL, inside its home. */
export const clusterFolderName = "postgres";
const pointerName = "postgres.moved";

async function inPlace(home: string, binaries: Binaries, runAs: RunAs): Promise<ClusterPlace> {
  const majorVersion = await versionOf(runAs, binaries);
  if (majorVersion !== undefined) return { home, binaries, runAs, majorVersion };
  const { stderr } = await ask(runAs, binaries, "--show");
  throw new EmbeddedPostgresError(
    "embedded_postgres_missing_binary",
    `The embedded PostgreSQL does not run on this system (${stderr.trim()}). It needs glibc on Linux. Start a PostgreSQL of your own and set DATABASE_URL.`,
  );
}

/** The major version, if the programs find one another and their files when they are run like this. */
async function versionOf(runAs: RunAs, binaries: Binaries): Promise<number | undefined> {
  const version = /\(PostgreSQL\) (\d+)/.exec((await ask(runAs, binaries, "--version")).stdout)?.[1];
  if (version === undefined) return undefined;
  const { code, stderr } = await ask(runAs, binaries, "--show");
  // A database may belong to an account of another machine, which has a number here and no name: that is found
  // out after the files were found, and matters to a new database only.
  return code === 0 || stderr.includes("could not look up effective user ID") ? Number(version) : undefined;
}

/** initdb tells about itself and makes nothing. */
function ask(runAs: RunAs, binaries: Binaries, question: "--version" | "--show"): Promise<RunResult> {
  return run(runAs, programOf(binaries, "initdb"), [question, "--pgdata=none"]);
}

async function reaches(runAs: RunAs, folder: string): Promise<boolean> {
  return (await run(runAs, "/bin/sh", ["-c", 'cd "$0"', folder])).code === 0;
}

async function movedHome(dataDir: string): Promise<string | undefined> {
  const pointer = join(dataDir, pointerName);
  const home = (await readFile(pointer, "utf8").catch(() => undefined))?.trim();
  if (home === undefined || (await exists(home))) return home;
  throw new EmbeddedPostgresError(
    "embedded_postgres_incomplete",
    `The database of ${dataDir} was kept in ${home}, which is gone. Bring that folder back, or remove ${pointer} to begin with an empty database.`,
  );
}

/** The owner of the database that is there; for a new one an account that every system has. */
async function accountFor(home: string): Promise<Account> {
  const owner = await stat(join(home, clusterFolderName, "data")).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  // `daemon` is the account for services that own files; initdb wants one with an entry in the password file.
  for (const name of ["postgres", "daemon", "nobody"]) {
    const [uid, gid] = await Promise.all([run({}, "id", ["-u", name]), run({}, "id", ["-g", name])]);
    if (uid.code === 0 && gid.code === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new EmbeddedPostgresError(
    "embedded_postgres_no_account",
    "PostgreSQL cannot run as root, and there is no account postgres, daemon or nobody to run it. Run Pawl as an ordinary user, add such an account, or set DATABASE_URL.",
  );
}

async function copyBinaries({ folder }: Binaries, movedHomes: string): Promise<Binaries> {
  const { version } = JSON.parse(await readFile(join(dirname(folder), "package.json"), "utf8")) as {
    version: string;
  };
  const copy = join(movedHomes, `postgres-${version}`);
  if (await exists(copy)) return { folder: copy };
  // Complete or not there: copied under another name and renamed.
  const unfinished = `${copy}.new-${randomBytes(4).toString("hex")}`;
  await mkdir(movedHomes, { recursive: true, mode: 0o755 });
  await cp(folder, unfinished, { recursive: true, verbatimSymlinks: true });
  await rename(unfinished, copy).catch(async (error: NodeJS.ErrnoException) => {
    await rm(unfinished, { recursive: true, force: true });
    // Another process has finished the same copy first.
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
  return { folder: copy };
}

function unreachable(home: string, { uid }: Account): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    "embedded_postgres_unreachable",
    `PostgreSQL cannot run as root, and the account that runs it (uid ${uid}) cannot enter ${home}. Let others pass its parent folders (chmod o+x), choose another folder with PAWL_DATA_DIR, or set DATABASE_URL.`,
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
