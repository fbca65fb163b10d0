// Processes, folders and queries for the tests beside this file, and their end.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterEach } from "vitest";
import { openEmbeddedPostgres } from "../../src/embedded-postgres/index.ts";
import { run } from "../../src/embedded-postgres/run-as.ts";

export interface Opener {
  readonly url: string;
  readonly owner: boolean;
  /** Closes the database and ends the process. */
  close(): Promise<void>;
  kill(): Promise<void>;
  /** Ends the process as a second Ctrl-C does: at once, without closing. */
  exit(): Promise<void>;
}

const children = new Set<ChildProcess>();
const folders = new Set<string>();

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  for (const folder of folders) {
    await stopWhatRuns(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
  folders.clear();
});

/** A folder that does not exist yet, under a parent that only this user may enter. */
export async function freshFolder(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "pawl-embedded-"));
  folders.add(parent);
  return join(parent, "data");
}

export function startOpener(
  dataDir: string,
  options: { uid?: number; env?: NodeJS.ProcessEnv } = {},
): ChildProcess {
  const child = fork(fileURLToPath(new URL("opener.ts", import.meta.url)), [dataDir], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    ...options,
  });
  children.add(child);
  return child;
}

/** A process of its own that has the folder open. */
export async function opener(dataDir: string, env: NodeJS.ProcessEnv = process.env): Promise<Opener> {
  const child = startOpener(dataDir, { env });
  const [answer] = (await once(child, "message")) as [{ url: string; owner: boolean } | { message: string }];
  if ("message" in answer) throw new Error(answer.message);
  const end = async (act: () => void) => {
    const exited = once(child, "exit");
    act();
    await exited;
    children.delete(child);
  };
  return {
    ...answer,
    close: () => end(() => child.send("close")),
    kill: () => end(() => child.kill("SIGKILL")),
    exit: () => end(() => child.send("exit")),
  };
}

export async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** The process number of the folder's PostgreSQL. */
export async function postgresPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, "postgres", "data", "postmaster.pid"), "utf8"), 10);
}

/**
 * Root may write anywhere, so as root some tests need the eyes of another user. Undefined when this is not root,
 * or when another user cannot enter this clone.
 */
export async function otherUser(): Promise<number | undefined> {
  const uid = 65_534;
  if (process.getuid?.() !== 0) return undefined;
  const opener = fileURLToPath(new URL("opener.ts", import.meta.url));
  const { code } = await run({ account: { uid, gid: uid } }, process.execPath, ["--check", opener]);
  return code === 0 ? uid : undefined;
}

async function stopWhatRuns(parent: string): Promise<void> {
  const dataDir = join(parent, "data");
  const running = await postgresPid(dataDir).catch(() => undefined);
  if (running === undefined) return;
  const postgres = await openEmbeddedPostgres({ dataDir }).catch(() => undefined);
  await postgres?.close();
}
