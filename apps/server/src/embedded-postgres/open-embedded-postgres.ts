import { access, constants, mkdir, realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { type Cluster, openCluster, urlOf } from "./cluster.ts";
import { dataDirError } from "./errors.ts";
import { withFolderLock } from "./folder-lock.ts";
import { leaveAtExit, lockFileOf } from "./leave-embedded-postgres.ts";
import { placeCluster } from "./place-cluster.ts";
import { becomePresent, type Presence } from "./presence.ts";
import { ensureRunning, stopServer } from "./server-process.ts";

export interface EmbeddedPostgresOptions {
  /** The folder in which everything lies. It is made when it is not there. */
  readonly dataDir: string;
  /** Hears, in sentences, what takes time and what was put right. */
  readonly log?: (message: string) => void;
}

/** A PostgreSQL that runs for this process and for others that opened the same folder. */
export interface EmbeddedPostgres {
  /** The connection URL, as superuser `pawl`, on 127.0.0.1. It holds the password. */
  readonly url: string;
  /** True when this call has started PostgreSQL, false when it joined one that ran. */
  readonly owner: boolean;
  /** Leaves; the last one out stops PostgreSQL and waits for it. End all other connections before. */
  close(): Promise<void>;
}

/**
 * Starts the PostgreSQL of a data folder, or joins the one that another process has started.
 *
 * 1. All that changes the state of PostgreSQL (initdb, start, stop) happens under the folder's lock, which the
 *    system takes from a process that dies.
 * 2. PostgreSQL is detached: it outlives a process that is killed, and the next one that opens the folder
 *    joins it. Of a process that ends by itself without closing, another one closes what it opened.
 * 3. Who is there is what the database sees: each opening keeps one connection with a name. The last one that
 *    closes stops PostgreSQL. Connections without that name count for nothing.
 * 4. When PostgreSQL itself is killed, every process that has it open tries to start it again, on the same
 *    port: under the lock one does, and the others join.
 *
 * @throws EmbeddedPostgresError; its message says what to do.
 */
export async function openEmbeddedPostgres({
  dataDir,
  log = () => undefined,
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = await prepareFolder(dataDir);
  const underLock = <Result>(body: () => Promise<Result>) => withFolderLock(lockFileOf(folder), log, body);

  const { cluster, entered } = await underLock(async () => {
    const cluster = await openCluster(await placeCluster(folder, log), log);
    return { cluster, entered: await enter(cluster, log) };
  });

  // Undefined while the connection is lost. It changes under the lock only.
  let presence: Presence | undefined = entered.presence;
  let closing = false;
  const lookAfter = async (watched: Presence): Promise<void> => {
    await watched.lost;
    if (closing) return;
    log("The connection to PostgreSQL was lost; looking after it.");
    presence = undefined;
    try {
      const again = await underLock(async () => {
        // Closed while this waited for the lock: coming back now would be for ever.
        if (closing) return undefined;
        const entry = await enter(cluster, log);
        presence = entry.presence;
        return entry;
      });
      if (again === undefined) return;
      if (again.url !== entered.url)
        log("PostgreSQL had to take another port, because its own was taken. Restart this process.");
      await lookAfter(again.presence);
    } catch (error) {
      log(`PostgreSQL could not be started again. Restart this process. ${(error as Error).message}`);
    }
  };
  void lookAfter(entered.presence);
  const closesItself = leaveAtExit(folder);

  const leave = async (): Promise<void> => {
    closing = true;
    await underLock(async () => {
      if (presence === undefined) return;
      // When it cannot be asked it was killed a moment ago, and there is nothing to stop.
      const last = !(await presence.othersAreHere().catch(() => true));
      await presence.leave();
      if (last) await stopServer(cluster);
    });
    closesItself();
  };
  let closed: Promise<void> | undefined;
  return {
    url: entered.url,
    owner: entered.started,
    close: () => {
      closed ??= leave();
      return closed;
    },
  };
}

async function enter(
  cluster: Cluster,
  log: (message: string) => void,
): Promise<{ url: string; started: boolean; presence: Presence }> {
  for (let attemptsLeft = 4; ; attemptsLeft--) {
    const { port, started } = await ensureRunning(cluster, log);
    const url = urlOf(cluster, port);
    try {
      return { url, started, presence: await becomePresent(url) };
    } catch (error) {
      // PostgreSQL may be killed right after its start; but a refusal with it alive stays one.
      if (attemptsLeft === 0) throw error;
    }
  }
}

async function prepareFolder(dataDir: string): Promise<string> {
  const path = resolve(dataDir);
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK | constants.X_OK);
    return await realpath(path);
  } catch (error) {
    throw dataDirError(path, error);
  }
}
