import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chown, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Binaries, findBinaries, findIdentity, type Identity, reachableBinaries } from "./binaries.ts";
import { createRunFolder, sweepStaleFolders, urlFileName } from "./run-folder.ts";

/** A PostgreSQL that runs. */
export interface TestPostgres {
  /** The URL of its maintenance database, as superuser. */
  readonly url: string;
  readonly pid: number;
  /** SIGKILL for all of its processes, as a power cut ends them: nothing of it runs any more when this resolves. */
  crash(): Promise<void>;
  /** After a crash: starts it again on the same data and the same port. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/**
 * - `fsync`: true by default, as in production; false saves disk waits where a test needs thousands of
 *   commits and promises nothing about durability.
 * - `maxConnections`: 100 by default.
 */
export interface TestPostgresOptions {
  readonly fsync?: boolean;
  readonly maxConnections?: number;
}

const portAttempts = 5;

/** Starts an empty PostgreSQL on a free port of 127.0.0.1, in a folder of its own under the temp folder. */
export async function startTestPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  await sweepStaleFolders();
  const identity = await findIdentity();
  const folder = await createRunFolder();
  try {
    const binaries = await reachableBinaries(await findBinaries(), identity, folder);
    // 144 random bits need no stretching: one scram round makes connecting cheap and stays safe.
    const password = randomBytes(18).toString("base64url");
    await initialise(binaries, identity, folder, password, options);
    const started = await startOnFreePort(binaries, identity, folder);
    const { port } = started;
    let { child } = started;
    const url = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
    await writeFile(join(folder, urlFileName), url, { mode: 0o600 });
    return {
      url,
      get pid() {
        return child.pid!;
      },
      crash: () => killAll(child),
      restart: async () => {
        child = await startAgain(binaries, identity, folder, port);
      },
      stop: async () => {
        if (child.exitCode === null && child.signalCode === null) {
          const exited = once(child, "exit");
          child.ref();
          child.kill("SIGQUIT"); // Immediate: nothing in it is needed any more.
          await exited;
        }
        await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function initialise(
  { initdb }: Binaries,
  identity: Identity,
  folder: string,
  password: string,
  { fsync = true, maxConnections = 100 }: TestPostgresOptions,
): Promise<void> {
  const data = join(folder, "data");
  const passwordFile = join(folder, "password");
  await mkdir(data, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (identity.uid !== undefined && identity.gid !== undefined) {
    await chown(data, identity.uid, identity.gid);
    await chown(passwordFile, identity.uid, identity.gid);
  }
  const settings = {
    shared_buffers: "64MB",
    max_connections: `${maxConnections}`,
    scram_iterations: "1",
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    ...(fsync ? {} : { fsync: "off" }),
  };
  const child = spawn(
    initdb,
    [
      `--pgdata=${data}`,
      "--username=postgres",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-instructions",
      "--no-sync", // The cluster is empty; what tests write later is synced.
      ...Object.entries(settings).map(([name, value]) => `--set=${name}=${value}`),
    ],
    { ...identity, cwd: "/", stdio: ["ignore", "ignore", "pipe"] },
  );
  const log = collect(child);
  const [code, signal] = await once(child, "close");
  if (code !== 0) throw new Error(`initdb of the test PostgreSQL failed (${code ?? signal}):\n${log()}`);
}

/** Its processes are in sessions of their own, so they are found as its children. */
async function killAll(postmaster: ChildProcess): Promise<void> {
  const exited = once(postmaster, "exit");
  const children = await childrenOf(postmaster.pid!);
  postmaster.kill("SIGKILL");
  // Those that it made between the look and its end have lost their parent by now, and end by themselves.
  for (const pid of children) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It was faster.
    }
  }
  await exited;
}

async function childrenOf(parent: number): Promise<readonly number[]> {
  const pairs = process.platform === "linux" ? await parentsOnLinux() : await parentsByPs();
  return pairs.flatMap(([pid, ppid]) => (ppid === parent && pid !== undefined ? [pid] : []));
}

type PidAndParent = readonly (number | undefined)[];

/** Small systems have no `ps`. */
async function parentsOnLinux(): Promise<readonly PidAndParent[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return Promise.all(
    pids.map(async (pid) => {
      // The name of the program stands in parentheses and may contain anything.
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      return [Number(pid), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])];
    }),
  );
}

async function parentsByPs(): Promise<readonly PidAndParent[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid="]);
  return stdout.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
}

const restartMs = 30_000;

/** What the dead server left in shared memory may be in use for a moment longer, while its last processes end. */
async function startAgain(
  binaries: Binaries,
  identity: Identity,
  folder: string,
  port: number,
): Promise<ChildProcess> {
  const end = performance.now() + restartMs;
  for (;;) {
    const { child, log, ready } = await launch(binaries, identity, folder, port);
    if (ready) return child;
    if (performance.now() > end) throw new Error(`The test PostgreSQL did not start again:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function startOnFreePort(
  binaries: Binaries,
  identity: Identity,
  folder: string,
): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const { child, log, ready } = await launch(binaries, identity, folder, port);
    if (ready) return { child, port };
    // Somebody else may have taken the port between our look and the start.
    if (attempt === portAttempts || !log.includes("could not bind"))
      throw new Error(`The test PostgreSQL did not start:\n${log}`);
  }
}

interface Launched {
  readonly child: ChildProcess;
  readonly ready: boolean;
  /** What it has said so far. */
  readonly log: string;
}

async function launch(
  binaries: Binaries,
  identity: Identity,
  folder: string,
  port: number,
): Promise<Launched> {
  const child = spawn(binaries.postgres, ["-D", join(folder, "data"), "-p", String(port)], {
    ...identity,
    cwd: "/",
    stdio: ["ignore", "ignore", "pipe"],
  });
  const log = collect(child);
  const ready = await new Promise<boolean>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(false));
    child.stderr?.on("data", () => {
      if (log().includes("ready to accept connections")) resolve(true);
    });
  });
  if (ready) {
    // The handles must not keep a run alive that has forgotten to stop it.
    child.unref();
    (child.stderr as unknown as { unref(): void }).unref();
  }
  return { child, ready, log: log() };
}

/** Keeps the end of what a child writes to stderr. */
function collect(child: ChildProcess): () => string {
  const keptCharacters = 8000;
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-keptCharacters);
  });
  return () => text;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No free port on 127.0.0.1.");
  return address.port;
}
