import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** The name under which this process drives sessions. */
export interface NodeSlot {
  readonly nodeId: string;
  release(): void;
}

/** More processes than anybody runs on one data folder. */
const MAX_SLOTS = 64;

/**
 * Takes the first free slot of a data folder. A slot's name outlives its process, and whoever takes the slot next opens the
 * node of that name again, which frees the sessions of the dead process at once instead of when its lease runs out.
 *
 * That nobody else lives under this name is proven by the exclusive lock of an SQLite file, which the system holds for this
 * process and takes back when it ends, by kill -9 too. Undefined where such a lock cannot be had: a name is then made up.
 */
export async function takeNodeSlot(dataDir: string): Promise<NodeSlot | undefined> {
  const folder = join(dataDir, "nodes");
  try {
    await mkdir(folder, { recursive: true });
    for (let n = 1; n <= MAX_SLOTS; n++) {
      const lock = tryLock(join(folder, `${n}.lock`));
      if (lock === undefined) continue;
      try {
        return { nodeId: await nameOf(join(folder, `${n}.id`)), release: () => lock.close() };
      } catch (error) {
        lock.close();
        throw error;
      }
    }
  } catch {
    // A file system without locks, or one that is full: the lease alone counts then.
  }
  return undefined;
}

function tryLock(file: string): DatabaseSync | undefined {
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec("begin exclusive");
    return lock;
  } catch {
    lock.close();
    return undefined;
  }
}

async function nameOf(file: string): Promise<string> {
  const known = (await readFile(file, "utf8").catch(() => "")).trim();
  if (/^node_[0-9a-f]{32}$/.test(known)) return known;
  const made = `node_${randomUUID().replaceAll("-", "")}`;
  await writeFile(file, `${made}\n`, { flush: true });
  return made;
}
