import { once } from "node:events";
import { open, readFile, rename, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { programOf } from "./binaries.ts";
import { type Cluster, urlOf } from "./cluster.ts";
import { dataDirError, EmbeddedPostgresError, saysDiskFull } from "./errors.ts";
import { disarmPostmasterPid, isPostmasterOf, readPostmasterPid } from "./postmaster-pid.ts";
import { run } from "./run-as.ts";

const startSeconds = 120; // Crash recovery of a busy database may take this long.
const stopSeconds = 60;
const pollMs = 50;
const startAttempts = 5;
const portAttempts = 10;
const survivorAttempts = 50;
const keptLogBytes = 1_000_000;

/** A PostgreSQL that accepts connections. */
export interface RunningServer {
  readonly port: number;
  /** True when this call has started it. */
  readonly started: boolean;
}

/**
 * Joins the PostgreSQL of a cluster, or starts it, detached from this process. Call it under the folder's lock.
 *
 * Whether one runs is decided by asking it: a real connection with the cluster's password to the port in
 * postmaster.pid, which must name the cluster's folder as its own.
 */
export async function ensureRunning(
  cluster: Cluster,
  log: (message: string) => void,
): Promise<RunningServer> {
  let startsLeft = startAttempts;
  for (let waitedMs = 0; waitedMs < startSeconds * 1000; waitedMs += pollMs) {
    const file = await readPostmasterPid(cluster.data);
    if (file?.port !== undefined && (await answers(cluster, file.port)))
      return { port: file.port, started: false };
    if (file !== undefined && (await isPostmasterOf(file.pid, cluster.data))) {
      // It is starting, recovering or stopping.
      await setTimeout(pollMs);
      continue;
    }
    if (file !== undefined) {
      log("PostgreSQL was killed; starting it again on the same data.");
      await disarmPostmasterPid(cluster.data);
    }
    const port = await start(cluster, --startsLeft > 0);
    if (port !== undefined) return { port, started: true };
  }
  throw await startFailed(cluster, 0, `did not answer for ${startSeconds} s`);
}

/** The URL of the PostgreSQL of a cluster, if it runs and accepts connections. */
export async function runningServer(cluster: Cluster): Promise<string | undefined> {
  const port = (await readPostmasterPid(cluster.data))?.port;
  return port !== undefined && (await answers(cluster, port)) ? urlOf(cluster, port) : undefined;
}

/** Stops PostgreSQL: transactions in flight are rolled back, what is committed is on disk. */
export async function stopServer({ place, data, log }: Cluster): Promise<void> {
  const { code, stderr } = await run(place.runAs, programOf(place.binaries, "pg_ctl"), [
    "stop",
    `--pgdata=${data}`,
    "--mode=fast",
    "--wait",
    `--timeout=${stopSeconds}`,
    "--silent",
  ]);
  if (code === 0) return;
  // Killed before it could stop: the next start recovers.
  const left = await readPostmasterPid(data);
  if (left === undefined || !(await isPostmasterOf(left.pid, data))) return;
  throw new EmbeddedPostgresError(
    "embedded_postgres_stop_failed",
    `PostgreSQL did not stop within ${stopSeconds} s (${stderr.trim()}). Its log is ${log}.`,
  );
}

async function answers(cluster: Cluster, port: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: urlOf(cluster, port), connectionTimeoutMillis: 5_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data: string }>("select current_setting('data_directory') as data");
    return rows[0]?.data === cluster.data;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Undefined when the start is worth another look: one begun by a process that was killed meanwhile is under way,
 * or PostgreSQL was killed during its start and could give no reason.
 */
async function start(cluster: Cluster, mayTryAgain: boolean): Promise<number | undefined> {
  await trimLog(cluster.log);
  let port = await rememberedPort(cluster);
  let survivors = survivorAttempts;
  for (let attempt = 1; ; ) {
    const logStart = await sizeOf(cluster.log);
    const { code, stderr } = await run(cluster.place.runAs, programOf(cluster.place.binaries, "pg_ctl"), [
      "start",
      `--pgdata=${cluster.data}`,
      `--log=${cluster.log}`,
      `--options=-p ${port}`,
      "--wait",
      `--timeout=${startSeconds}`,
      "--silent",
    ]);
    if (code === 0) {
      await rememberPort(cluster, port);
      return port;
    }
    const reason = await logSince(cluster.log, logStart);
    const taken = reason.includes('lock file "postmaster.pid" already exists');
    if (mayTryAgain && (taken || !/\b(FATAL|PANIC|ERROR):/.test(reason))) return undefined;
    if (reason.includes("could not bind") && attempt++ < portAttempts) port = await freePort();
    // Processes of a killed server notice within moments that it is gone, and end.
    else if (reason.includes("pre-existing shared memory block") && survivors-- > 0)
      await setTimeout(pollMs * 4);
    else
      throw await startFailed(
        cluster,
        logStart,
        `did not start (${stderr.trim() || `pg_ctl ended with ${code}`})`,
      );
  }
}

async function startFailed(cluster: Cluster, logStart: number, what: string): Promise<unknown> {
  const lastLines = (await logSince(cluster.log, logStart)).trim().split("\n").slice(-8).join("\n");
  if (saysDiskFull(lastLines)) return dataDirError(cluster.data, new Error(lastLines));
  return new EmbeddedPostgresError(
    "embedded_postgres_start_failed",
    `PostgreSQL in ${cluster.data} ${what}. The end of its log, ${cluster.log}:\n${lastLines}`,
  );
}

/** The same port as last time, so that URLs which somebody has noted stay true. */
async function rememberedPort({ portFile }: Cluster): Promise<number> {
  const port = Number.parseInt(await readFile(portFile, "utf8").catch(() => ""), 10);
  return port > 0 && port < 65_536 ? port : freePort();
}

async function rememberPort({ portFile }: Cluster, port: number): Promise<void> {
  // By renaming, because the file may be another user's in a folder of ours.
  await writeFile(`${portFile}.new`, `${port}\n`);
  await rename(`${portFile}.new`, portFile);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Nobody reads an old log; a long one is cut when PostgreSQL is not running. */
async function trimLog(path: string): Promise<void> {
  if ((await sizeOf(path)) > keptLogBytes)
    await writeFile(path, (await logSince(path, 0)).slice(-keptLogBytes / 2));
}

async function logSince(path: string, offset: number): Promise<string> {
  const handle = await open(path, "r").catch(() => undefined);
  if (handle === undefined) return "";
  try {
    const stream = handle.createReadStream({ start: offset, encoding: "utf8" });
    let text = "";
    for await (const chunk of stream) text += chunk;
    return text;
  } finally {
    await handle.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
