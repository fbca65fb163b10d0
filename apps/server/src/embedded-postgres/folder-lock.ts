import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { dataDirError, EmbeddedPostgresError } from "./errors.ts";

const retryMs = 25;
const announceAfterMs = 2_000;
// Longer than a start with crash recovery may take in another process (server-process.ts).
const giveUpAfterMs = 180_000;

/**
 * Runs `body` while no other process runs one for the same file.
 *
 * The lock is the exclusive lock of an empty SQLite file: the system itself holds it, for this process, on
 * Linux, macOS and Windows. So it ends with the process, by kill -9 too; there is no stale lock to recognise,
 * no heartbeat that a stalled process could miss, and no number of a process that may be another's by now.
 *
 * @throws data_dir_locked after three minutes; data_dir_unwritable.
 */
export async function withFolderLock<Result>(
  file: string,
  log: (message: string) => void,
  body: () => Promise<Result>,
): Promise<Result> {
  const lock = open(file);
  try {
    await acquire(lock, file, log);
    return await body();
  } finally {
    lock.close();
  }
}

function open(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout: 0 });
  } catch (cause) {
    throw lockError(file, cause);
  }
}

async function acquire(lock: DatabaseSync, file: string, log: (message: string) => void): Promise<void> {
  const attempts = Math.ceil(giveUpAfterMs / retryMs);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      lock.exec("begin exclusive");
      return;
    } catch (cause) {
      if (errorNumber(cause) !== sqliteBusy) throw lockError(file, cause);
    }
    if (attempt * retryMs === announceAfterMs)
      log("Another Pawl is starting or stopping this database; waiting for it.");
    await setTimeout(retryMs);
  }
  throw new EmbeddedPostgresError(
    "data_dir_locked",
    `Another process has held ${file} for ${giveUpAfterMs / 1000} s. Look for a Pawl that hangs (for example with: fuser ${file}) and end it.`,
  );
}

const sqliteBusy = 5;

function lockError(file: string, cause: unknown): unknown {
  const meaning: Readonly<Record<number, string>> = { 8: "EROFS", 13: "ENOSPC", 14: "EACCES" };
  const code = meaning[errorNumber(cause) ?? 0];
  return code === undefined ? cause : dataDirError(file, Object.assign(new Error(code, { cause }), { code }));
}

function errorNumber(error: unknown): number | undefined {
  // The low byte is the error; the rest of the number says more about it.
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
}
